import { CfluxError } from '../../errors.js';

/** `limit`: what a body has at most. */
export const bodyTooLarge = (limit: string) =>
  new CfluxError('TOO_LARGE', `a body has at most ${limit}`, { outcome: 'notApplied' });

/** The refusal that `error` is, or that the body is wrong as `message` says. */
export const refusedBody = (error: unknown, message: string) =>
  error instanceof CfluxError
    ? error
    : new CfluxError('BAD_REQUEST', message, { cause: error, outcome: 'notApplied' });
