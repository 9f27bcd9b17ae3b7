import { createHash } from 'node:crypto';
import { databaseBytes, headBytes, userBytes } from './codec/record-bytes.js';
import type { MetaData } from './records.js';

/** Cached digests of records and lists, for their lifetime. */
const digests = new WeakMap<object, Buffer>();

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Returns the cached digest of `subject`, computing it if needed. */
function kept(subject: object, compute: () => Buffer): Buffer {
  const known = digests.get(subject);
  if (known !== undefined) return known;
  const digest = compute();
  digests.set(subject, digest);
  return digest;
}

/** Returns the digest of the concatenated digests of all records. */
function digestOf<T extends object>(list: readonly T[], bytesOf: (record: T) => Buffer): Buffer {
  return kept(list, () => {
    const all = Buffer.allocUnsafe(list.length * 32);
    let position = 0;
    for (const record of list) {
      all.set(digests.get(record) ?? kept(record, () => sha256(bytesOf(record))), position);
      position += 32;
    }
    return sha256(all);
  });
}

/**
 * Returns a digest, as 64 hexadecimal digits, of everything but the index: metadata have the same digest if, and only if, they are equal
 * according to `equalMetadata`. It is the same after encoding and decoding, and on every node.
 *
 * It is the SHA-256 of the SHA-256s of the root's own fields, all databases and all users; each database or user contributes the SHA-256
 * of its bytes. So only changed ones are hashed again.
 *
 * @example
 * ```ts
 * const data = await client.data();
 * console.log(digestMetadata(data) === digestMetadata({ ...data, index: data.index + 1n })); // true
 * ```
 */
export function digestMetadata(data: MetaData): string {
  const databases = digestOf(data.databases, databaseBytes);
  const users = digestOf(data.users, userBytes);
  return sha256(sha256(headBytes(data)), databases, users).toString('hex');
}
