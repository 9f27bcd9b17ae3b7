import { CfluxError } from '../errors.js';

const remedy = 'use the whole snapshot instead';

/** The bytes are not a readable delta; `offset` counts from their first byte. */
export const unreadable = (reason: string, offset: number) =>
  new CfluxError('MALFORMED_DELTA', `cannot read the delta: ${reason} (byte ${offset}); ${remedy}`);

/** A delta does not match its base, or the delta it is composed with. */
export const unfitting = (what: string, reason: string) =>
  new CfluxError('MALFORMED_DELTA', `cannot ${what}: ${reason}; ${remedy}`);

/** A limit would be exceeded; nothing was allocated for it. */
export const tooLarge = (reason: string) =>
  new CfluxError('TOO_LARGE', `the delta is too large: ${reason}; ${remedy}`);
