import type { MetaData } from '../records.js';
import { encodePieces } from './encode-metadata.js';

/** Returns whether `data` encodes to exactly `bytes`: others may have encoded the same metadata differently. */
export function encodesAs(data: MetaData, bytes: Uint8Array): boolean {
  const { pieces, lossy } = encodePieces(data);
  if (lossy) return false;
  let position = 0;
  for (const piece of pieces) {
    const end = position + piece.length;
    if (end > bytes.length || piece.compare(bytes, position, end) !== 0) return false;
    position = end;
  }
  return position === bytes.length;
}
