import { createHash } from 'node:crypto';
import { databaseBytes, headBytes, userBytes } from './codec/record-bytes.js';
import type { MetaData } from './records.js';

/** A digest of each record, for as long as it lives. */
const digests = new WeakMap<object, Buffer>();

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** The digests of all records of the list, one after the other. */
function digestsOf<T extends object>(list: readonly T[], bytesOf: (record: T) => Buffer): Buffer {
  const all = Buffer.allocUnsafe(list.length * 32);
  let position = 0;
  for (const record of list) {
    let digest = digests.get(record);
    if (digest === undefined) {
      digest = sha256(bytesOf(record));
      digests.set(record, digest);
    }
    all.set(digest, position);
    position += 32;
  }
  return all;
}

/**
 * A digest, as 64 hexadecimal digits, of everything but the index: metadata have the same one if, and only if, they are equal as
 * `equalMetadata` has it. It is the same after encoding and decoding, and on every node.
 *
 * It is the SHA-256 of the SHA-256s of: the root's own fields, all databases, all users, where each database or user counts with the
 * SHA-256 of its bytes. So only changed ones are hashed again.
 */
export function digestMetadata(data: MetaData): string {
  const databases = digestsOf(data.databases, databaseBytes);
  const users = digestsOf(data.users, userBytes);
  return sha256(sha256(headBytes(data)), sha256(databases), sha256(users)).toString('hex');
}
