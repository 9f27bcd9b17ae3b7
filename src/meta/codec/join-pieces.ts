import { Buffer } from './bytes.js';
/** Copies pieces one after the other into memory that nothing else shares, unlike `Buffer.concat`, whose results may lie in a pool. */
export function joinPieces(pieces: readonly Uint8Array[]): Buffer {
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const bytes = Buffer.allocUnsafeSlow(size);
  let position = 0;
  for (const piece of pieces) {
    bytes.set(piece, position);
    position += piece.length;
  }
  return bytes;
}
