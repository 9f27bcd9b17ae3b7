import type { IncomingMessage } from 'node:http';
import { isCutOff } from '../../protocol/is-cut-off.js';

/** What was read of a body: all of it, or its beginning if it is larger than the limit. */
export interface ReadBody {
  readonly pieces: readonly Buffer[];
  readonly isWhole: boolean;
}

/**
 * Reads a body up to `limit` bytes; the rest stays in the stream. Rejects if the client breaks off.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<ReadBody> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    const settle = (isWhole: boolean) => {
      request.off('data', onData);
      request.off('end', onEnd);
      request.off('close', onClose);
      resolve({ pieces, isWhole });
    };
    const onData = (piece: Buffer) => {
      pieces.push(piece);
      size += piece.length;
      if (size <= limit) return;
      request.pause();
      settle(false);
    };
    const onEnd = () => settle(true);
    const onClose = () => reject(new Error('the client closed the connection within the body'));
    if (isCutOff(request)) {
      onClose();
      return;
    }
    request.on('data', onData);
    request.once('end', onEnd);
    request.once('close', onClose);
  });
}
