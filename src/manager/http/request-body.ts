import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import { CfluxError } from '../../errors.js';
import type { Exchange } from './exchange.js';
import { header } from './request-headers.js';

const refused = (code: 'BAD_REQUEST' | 'TOO_LARGE', message: string, status?: number) =>
  new CfluxError(code, message, { outcome: 'none', ...(status === undefined ? {} : { status }) });

/** Whether a request has a body, by its headers. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/**
 * The body of a request, decompressed; not more than `most` bytes are ever kept, on the wire and decompressed alike.
 *
 * @throws `TOO_LARGE`, `BAD_REQUEST` (an encoding that is not known, or does not decode), `UNREACHABLE` when the client went away.
 */
export async function readBody(
  { request, response }: Pick<Exchange, 'request' | 'response'>,
  most: number,
): Promise<Buffer> {
  checkLength(request, most);
  // A client that asks first whether it may send gets this far only if it may.
  if (header(request, 'Expect') !== undefined) response.writeContinue();
  const encoding = header(request, 'Content-Encoding') ?? 'identity';
  const body = await collect(request, most);
  if (encoding === 'identity') return body;
  if (encoding === 'gzip' || encoding === 'x-gzip') return gunzip(body, most);
  throw refused('BAD_REQUEST', `content encoding ${JSON.stringify(encoding)} is not known; gzip is`, 415);
}

/** Refuses a body whose stated length is too much, before any of it is read. */
function checkLength(request: IncomingMessage, most: number): void {
  const stated = Number(header(request, 'Content-Length') ?? 0);
  if (stated > most) throw refused('TOO_LARGE', `a body has at most ${most} bytes, this one has ${stated}`);
}

async function collect(request: IncomingMessage, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  return await new Promise((resolve, reject) => {
    const settle = (settleWith: () => void) => {
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      settleWith();
    };
    const onData = (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size <= most) chunks.push(chunk);
      else settle(() => reject(refused('TOO_LARGE', `a body has at most ${most} bytes`)));
    };
    // One chunk is the usual case: no copy. Otherwise a buffer of its own, for a pooled one would keep 8 KiB alive.
    const onEnd = () => settle(() => resolve(chunks.length === 1 ? only(chunks) : Buffer.concat(chunks)));
    const onClose = () =>
      settle(() => reject(new CfluxError('UNREACHABLE', 'the client went away', { outcome: 'none' })));
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

const only = ([chunk = Buffer.alloc(0)]: readonly Buffer[]) => chunk;

async function gunzip(body: Buffer, most: number): Promise<Buffer> {
  const gunzip = createGunzip();
  const chunks: Buffer[] = [];
  let size = 0;
  gunzip.end(body);
  try {
    for await (const chunk of gunzip) {
      size += chunk.byteLength;
      if (size > most) throw refused('TOO_LARGE', `a body has at most ${most} bytes once decompressed`);
      chunks.push(chunk);
    }
  } catch (error) {
    gunzip.destroy();
    if (error instanceof CfluxError) throw error;
    throw new CfluxError('BAD_REQUEST', 'the body is not gzip as it says', { cause: error, outcome: 'none' });
  }
  return Buffer.concat(chunks);
}
