import type { Clock } from '../clock.js';
import { CfluxError } from '../errors.js';

export interface BodyLimits {
  readonly clock: Clock;
  /** Maximum bytes after decompression. */
  readonly maxBytes: number;
  /** Maximum milliseconds between two chunks. */
  readonly idleTimeout: number;
}

const tooLarge = (maxBytes: number) =>
  new CfluxError('TOO_LARGE', `the response is larger than ${maxBytes} bytes`);

/**
 * Reads the body of `response`. Bytes are counted while they arrive, after decompression: a megabyte of gzip can contain a gigabyte,
 * and fetch has no limit (undici's limit does not apply after decompression). Beyond a limit the connection is closed.
 */
export async function readBody(
  response: Response,
  { clock, maxBytes, idleTimeout }: BodyLimits,
): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array();
  const reader = response.body.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  let failure: unknown;
  const cut = (error: unknown) => {
    failure ??= error;
    // Rejects if the stream has already failed; the relevant error is recorded above.
    reader.cancel(error).catch(() => {});
  };
  const stated = Number(response.headers.get('content-length') ?? 0);
  if (!response.headers.has('content-encoding') && stated > maxBytes) cut(tooLarge(maxBytes));
  while (failure === undefined) {
    const stop = clock.after(idleTimeout, () =>
      cut(
        new CfluxError('TIMEOUT', `the response stalled: no data for ${idleTimeout} ms`, {
          retryable: true,
        }),
      ),
    );
    try {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.byteLength;
      if (length > maxBytes) cut(tooLarge(maxBytes));
      else pieces.push(value);
    } catch (error) {
      failure ??= error;
    } finally {
      stop();
    }
  }
  if (failure !== undefined) throw failure;
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces, length);
}
