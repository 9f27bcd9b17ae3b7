import { databaseBytes, headBytes, userBytes } from './codec/record-bytes.js';
import type { MetaData } from './records.js';

/**
 * Returns whether two metadata are equal in everything but the index, which each store counts for itself. A user's privileges are
 * compared as a set. Shared records cost nothing; others are compared by their stored bytes.
 *
 * @example
 * ```ts
 * const before = await client.data();
 * await client.createDatabase('telegraf'); // it is there already, so nothing changes
 * console.log(equalMetadata(before, await client.data())); // true
 * ```
 */
export function equalMetadata(a: MetaData, b: MetaData): boolean {
  if (a === b) return true;
  return (
    headBytes(a).equals(headBytes(b)) &&
    equalLists(a.databases, b.databases, databaseBytes) &&
    equalLists(a.users, b.users, userBytes)
  );
}

function equalLists<T>(a: readonly T[], b: readonly T[], bytesOf: (record: T) => Buffer): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let position = 0; position < a.length; position++) {
    const one = a[position];
    const other = b[position];
    if (one === other || one === undefined || other === undefined) continue;
    if (!bytesOf(one).equals(bytesOf(other))) return false;
  }
  return true;
}
