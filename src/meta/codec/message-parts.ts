import { Malformed } from './wire-reader.js';

/** All empty lists share this one: a snapshot has a hundred thousand of them. */
export const none: readonly never[] = Object.freeze([]);

export function missing(field: string, start: number): Malformed {
  // The message may be empty, and then it consists of the last byte of its length only.
  return new Malformed(`the required field ${field} is missing`, start - 1);
}

/** Throws for the first of `fields` whose bit is not in `seen`. */
export function requireAll(seen: number, fields: readonly string[], start: number): void {
  for (const [bit, field] of fields.entries()) {
    if ((seen & (1 << bit)) === 0) throw missing(field, start);
  }
}
