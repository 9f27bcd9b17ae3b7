import type { IncomingMessage } from 'node:http';
import { CfluxError } from '../../errors.js';
import { partyOf } from '../shares.js';
import type { BodyUse } from './body-bytes.js';
import { bodyTooLarge } from './body-refusals.js';
import { Chunks } from './chunks.js';
import type { Exchange } from './exchange.js';
import { header } from './request-headers.js';
import { unpackGzip } from './unpack-gzip.js';

/** Whether a request has a body, by its headers. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/**
 * Reads the body of a request, decompressed, and hands it to `work`. Not more than `most` bytes are ever kept, on the wire and
 * decompressed alike, and what is kept counts among the bytes of all bodies until `work` is through.
 *
 * @throws `TOO_LARGE`, `BAD_REQUEST` (an encoding that is not known, or does not decode), `UNAVAILABLE` (there are too many bytes under way
 * already), `UNREACHABLE` when the client went away.
 */
export async function withBody<T>(
  { request, response, received, access }: Exchange,
  { cluster, most }: { readonly cluster: string; readonly most: number },
  work: (body: Buffer) => Promise<T>,
): Promise<T> {
  const length = header(request, 'Content-Length');
  const stated = length === undefined ? undefined : Number(length);
  if (stated !== undefined && stated > most) throw bodyTooLarge(`${most} bytes, this one has ${stated}`);
  const encoding = encodingOf(request);
  const use = received.open({ cluster, party: partyOf(access.requester) });
  try {
    use.check(stated ?? 0);
    // A client that asks first whether it may send gets this far only if it may.
    if (header(request, 'Expect') !== undefined) response.writeContinue();
    const body = await collect(request, { stated, most }, use);
    return await work(encoding === 'gzip' ? await unpacked(body, most, use) : body);
  } finally {
    use.release();
  }
}

function encodingOf(request: IncomingMessage): 'identity' | 'gzip' {
  const encoding = header(request, 'Content-Encoding') ?? 'identity';
  if (encoding === 'identity') return encoding;
  if (encoding === 'gzip' || encoding === 'x-gzip') return 'gzip';
  const message = `content encoding ${JSON.stringify(encoding)} is not known; gzip is`;
  throw new CfluxError('BAD_REQUEST', message, { outcome: 'notApplied', status: 415 });
}

async function unpacked(body: Buffer, most: number, use: BodyUse): Promise<Buffer> {
  const result = await unpackGzip(body, most, use);
  use.give(body.byteLength);
  return result;
}

/** Takes what arrives from `use`, and not what is stated: a client that sends nothing keeps nobody else out. */
async function collect(
  request: IncomingMessage,
  { stated, most }: { readonly stated: number | undefined; readonly most: number },
  use: BodyUse,
): Promise<Buffer> {
  const chunks = new Chunks(stated);
  let size = 0;
  await new Promise<void>((resolve, reject) => {
    const settle = (settleWith: () => void) => {
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      settleWith();
    };
    const onData = (chunk: Buffer) => {
      size += chunk.byteLength;
      try {
        if (size > most) throw bodyTooLarge(`${most} bytes`);
        use.take(chunk.byteLength);
        chunks.add(chunk);
      } catch (error) {
        settle(() => reject(error));
      }
    };
    const onEnd = () => settle(resolve);
    const onClose = () =>
      settle(() => reject(new CfluxError('UNREACHABLE', 'the client went away', { outcome: 'notApplied' })));
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
  // Joined, it is there twice for a moment.
  const copied = chunks.isScattered ? size : 0;
  use.take(copied);
  const joined = chunks.join();
  use.give(copied);
  return joined;
}
