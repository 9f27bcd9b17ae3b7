import { databaseNameRequired, nameTooLong } from './refusals.js';

/** Bytes of UTF-8. */
const maxName = 255;

/** Half of a surrogate pair (Cs) becomes U+FFFD when it is written, and that is a symbol. */
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Cs} ]+$/u;

/**
 * Whether InfluxDB's query language takes `name` for a new database or retention policy (it answers `invalid name` otherwise): not
 * empty, not `.` or `..`, without slashes, and printable throughout. The meta store itself does not ask, and has no such rule.
 *
 * @example
 * ```ts
 * console.log(isValidName('a b')); // true
 * console.log(isValidName('a/b')); // false
 * ```
 */
export function isValidName(name: string): boolean {
  return name !== '.' && name !== '..' && !/[/\\]/.test(name) && printable.test(name);
}

/** What the meta store itself demands of a database to be created. */
export function checkDatabaseName(name: string): void {
  if (name === '') throw databaseNameRequired();
  checkNameLength(name);
}

export function checkNameLength(name: string): void {
  if (Buffer.byteLength(name) > maxName) throw nameTooLong();
}
