import { CfluxError } from '../../errors.js';

/** @param limit the largest body accepted, with its unit */
export const bodyTooLarge = (limit: string) =>
  new CfluxError('TOO_LARGE', `the body is too large: at most ${limit} are accepted`, {
    outcome: 'notApplied',
  });

/** Returns `error` if it is a refusal already, and otherwise `BAD_REQUEST` with `message`. */
export const refusedBody = (error: unknown, message: string) =>
  error instanceof CfluxError
    ? error
    : new CfluxError('BAD_REQUEST', message, { cause: error, outcome: 'notApplied' });
