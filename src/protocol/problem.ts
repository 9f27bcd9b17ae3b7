import type { CfluxError, CfluxErrorCode } from '../errors.js';

/** Media type of an error in JSON (RFC 9457). */
export const problemType = 'application/problem+json';

/** An error in the format of RFC 9457; `code` is an extension. */
export interface Problem {
  readonly type: 'about:blank';
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly code: CfluxErrorCode | typeof epochMismatchOnTheWire;
}

/** The code of an epoch mismatch on the wire, which is that of the first release. */
const epochMismatchOnTheWire = 'FOREIGN_EPOCH';

export function problemOf(error: CfluxError, status: number, title: string): Problem {
  const code = error.code === 'EPOCH_MISMATCH' ? epochMismatchOnTheWire : error.code;
  return { type: 'about:blank', status, title, detail: error.message, code };
}

/** Returns whether an `Accept` header names a JSON type: the legacy client, and clients with a wildcard, get plain text. */
export function wantsProblem(accept: string | undefined): boolean {
  return accept !== undefined && /\bapplication\/(?:problem\+)?json\b/i.test(accept);
}
