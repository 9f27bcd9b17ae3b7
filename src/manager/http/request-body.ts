import type { IncomingMessage } from 'node:http';
import { CfluxError } from '../../errors.js';
import { isCutOff } from '../../protocol/is-cut-off.js';
import { partyOf } from '../shares.js';
import type { BodyUse } from './body-bytes.js';
import { bodyTooLarge } from './body-refusals.js';
import { Chunks } from './chunks.js';
import type { Exchange } from './exchange.js';
import { header } from './request-headers.js';
import { unpackGzip } from './unpack-gzip.js';

/** Returns whether a request has a body, by its headers. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/**
 * Reads and decompresses the body of a request, and passes it to `work`. At most `most` bytes are kept, both compressed and decompressed,
 * and they count among the bytes of all bodies until `work` settles; `work` may reserve more from its second argument.
 *
 * @throws `TOO_LARGE`, `BAD_REQUEST` (unsupported or corrupt encoding), `UNAVAILABLE` (too many bytes are in transfer already),
 * `UNREACHABLE` when the client disconnects.
 */
export async function withBody<T>(
  { request, response, received, access }: Exchange,
  { cluster, most }: { readonly cluster: string; readonly most: number },
  work: (body: Buffer, use: BodyUse) => Promise<T>,
): Promise<T> {
  const length = header(request, 'Content-Length');
  const stated = length === undefined ? undefined : Number(length);
  if (stated !== undefined && stated > most) throw bodyTooLarge(`${most} bytes`);
  const encoding = encodingOf(request);
  const use = received.open({ cluster, party: partyOf(access.requester) });
  try {
    use.check(stated ?? 0);
    // A client that sends `Expect: 100-continue` gets this far only if the body is accepted.
    if (header(request, 'Expect') !== undefined) response.writeContinue();
    const body = await collect(request, { stated, most }, use);
    return await work(encoding === 'gzip' ? await unpacked(body, most, use) : body, use);
  } finally {
    use.release();
  }
}

function encodingOf(request: IncomingMessage): 'identity' | 'gzip' {
  const encoding = header(request, 'Content-Encoding') ?? 'identity';
  if (encoding === 'identity') return encoding;
  if (encoding === 'gzip' || encoding === 'x-gzip') return 'gzip';
  const message = `unsupported content encoding ${JSON.stringify(encoding)}: use gzip or none`;
  throw new CfluxError('BAD_REQUEST', message, { outcome: 'notApplied', status: 415 });
}

async function unpacked(body: Buffer, most: number, use: BodyUse): Promise<Buffer> {
  const result = await unpackGzip(body, most, use);
  use.give(body.byteLength);
  return result;
}

/** Reserves memory for what arrives from `use`, not for the stated length: a client that sends nothing keeps no other client out. */
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
      settle(() =>
        reject(new CfluxError('UNREACHABLE', 'the client disconnected', { outcome: 'notApplied' })),
      );
    if (isCutOff(request)) {
      onClose();
      return;
    }
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
  // While it is joined, two copies exist.
  const copied = chunks.isScattered ? size : 0;
  use.take(copied);
  const joined = chunks.join();
  use.give(copied);
  return joined;
}
