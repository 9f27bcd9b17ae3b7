import { createGunzip } from 'node:zlib';
import type { BodyUse } from './body-bytes.js';
import { bodyTooLarge, refusedBody } from './body-refusals.js';

/** Bytes decompressed at a time. */
const chunkSize = 128 * 1024;
/** The best compression ratio that deflate can reach. */
const bestRatio = 1_032;

/**
 * Decompresses gzip into at most `most` bytes. The size that gzip states at its end is reserved from `use` before anything is
 * decompressed; if the statement is too small, the rest is reserved as it is decompressed.
 *
 * @throws `TOO_LARGE`, `BAD_REQUEST`: it is not gzip; `UNAVAILABLE`: there is not enough room.
 */
export async function unpackGzip(body: Buffer, most: number, use: BodyUse): Promise<Buffer> {
  const room = statedSize(body, most);
  use.take(room);
  const target = Buffer.allocUnsafeSlow(room);
  const beyond: Buffer[] = [];
  let size = 0;
  const gunzip = createGunzip({ chunkSize });
  gunzip.end(body);
  try {
    for await (const chunk of gunzip) {
      const bytes: Buffer = chunk;
      if (size + bytes.byteLength > most) throw bodyTooLarge(`${most} bytes once decompressed`);
      const copied = bytes.copy(target, size);
      size += bytes.byteLength;
      if (copied === bytes.byteLength) continue;
      use.take(bytes.byteLength - copied);
      beyond.push(bytes.subarray(copied));
    }
  } catch (error) {
    gunzip.destroy();
    throw refusedBody(error, 'the body is not valid gzip, although its Content-Encoding is');
  }
  if (beyond.length === 0 && size === room) return target;
  // The stated size was too small.
  use.take(size);
  const joined = Buffer.concat([target.subarray(0, Math.min(size, room)), ...beyond]);
  use.give(Math.max(size, room));
  return joined;
}

/** Returns the size that gzip states in its last four bytes, limited to what is possible. */
function statedSize(body: Buffer, most: number): number {
  if (body.byteLength < 4) return 0;
  return Math.min(body.readUInt32LE(body.byteLength - 4), body.byteLength * bestRatio, most);
}
