import type { CfluxError, CfluxErrorCode } from '../errors.js';

/** Media type of an error in JSON (RFC 9457). */
export const problemType = 'application/problem+json';

/** An error as RFC 9457 words it; `code` is ours. */
export interface Problem {
  readonly type: 'about:blank';
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly code: CfluxErrorCode | typeof epochMismatchOnTheWire;
}

/** What an epoch mismatch is called on the wire, where the word of the first release stays. */
const epochMismatchOnTheWire = 'FOREIGN_EPOCH';

export function problemOf(error: CfluxError, status: number, title: string): Problem {
  const code = error.code === 'EPOCH_MISMATCH' ? epochMismatchOnTheWire : error.code;
  return { type: 'about:blank', status, title, detail: error.message, code };
}

/** Whether an `Accept` header asks for JSON errors by name: the legacy client reads plain text, and so does everybody with a wildcard. */
export function wantsProblem(accept: string | undefined): boolean {
  return accept !== undefined && /\bapplication\/(?:problem\+)?json\b/i.test(accept);
}
