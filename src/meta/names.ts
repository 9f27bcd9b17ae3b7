import { databaseNameRequired, nameTooLong } from './refusals.js';

/** Bytes of UTF-8. */
const maxName = 255;

/** A lone surrogate (Cs) becomes U+FFFD when it is written, and that is a symbol. */
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Cs} ]+$/u;

/**
 * Returns whether InfluxDB's query language accepts `name` for a new database or retention policy (otherwise its error is `invalid
 * name`): not empty, not `.` or `..`, without slashes, and printable. The meta store itself has no such rule.
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

/** The meta store's own check of the name of a new database. */
export function checkDatabaseName(name: string): void {
  if (name === '') throw databaseNameRequired();
  checkNameLength(name);
}

export function checkNameLength(name: string): void {
  if (Buffer.byteLength(name) > maxName) throw nameTooLong();
}
