import type { Clock } from '../clock.js';
import { CfluxError } from '../errors.js';

export interface BodyLimits {
  readonly clock: Clock;
  /** The most bytes taken, after decompression. */
  readonly maxBytes: number;
  /** Milliseconds of silence between two pieces. */
  readonly idleTimeout: number;
}

const tooLarge = (maxBytes: number) =>
  new CfluxError('TOO_LARGE', `the answer is larger than ${maxBytes} bytes`);

/**
 * The body of `response`. It is counted while it comes, after decompression: a megabyte of gzip can hold a gigabyte, and fetch
 * has no limit of its own (nor does undici's hold after decompression). Past a limit the connection is cut.
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
    // Rejects where the stream has already failed: what counts is noted above.
    reader.cancel(error).catch(() => {});
  };
  const stated = Number(response.headers.get('content-length') ?? 0);
  if (!response.headers.has('content-encoding') && stated > maxBytes) cut(tooLarge(maxBytes));
  while (failure === undefined) {
    const stop = clock.after(idleTimeout, () =>
      cut(
        new CfluxError('TIMEOUT', `the answer broke off: nothing came for ${idleTimeout} ms`, {
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
