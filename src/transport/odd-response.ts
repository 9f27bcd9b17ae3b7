import { isCfluxError } from '../errors.js';

/** Statuses with which a manager asks for another attempt. */
const busy: ReadonlySet<number | undefined> = new Set([429, 503]);

/**
 * Returns whether `error` is the error of a response that could not be used. If the request accepted a delta, that may be the reason, and
 * the next request should not accept one (R29).
 */
export const isOddResponse = (error: unknown): boolean =>
  isCfluxError(error) && error.status !== undefined && !busy.has(error.status);
