import { Malformed } from './wire-reader.js';

/** All empty lists are this one: a snapshot has a hundred thousand of them. */
export const none: readonly never[] = Object.freeze([]);

export function missing(field: string, start: number): Malformed {
  // The message may be empty, and then the last byte of its length is all there is of it.
  return new Malformed(`the required field ${field} is missing`, start - 1);
}

/** Throws for the first of `fields` whose bit is not in `seen`. */
export function requireAll(seen: number, fields: readonly string[], start: number): void {
  for (const [bit, field] of fields.entries()) {
    if ((seen & (1 << bit)) === 0) throw missing(field, start);
  }
}
