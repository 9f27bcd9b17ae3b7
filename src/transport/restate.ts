import { CfluxError, type Outcome } from '../errors.js';

/** Returns a copy of `error` with another message, outcome or `retryable`, and the same cause. */
export function restate(
  error: CfluxError,
  {
    message = error.message,
    outcome = error.outcome,
    retryable = error.retryable,
  }: {
    readonly message?: string;
    readonly outcome?: Outcome | undefined;
    readonly retryable?: boolean;
  },
): CfluxError {
  const { code, retryAfter, status } = error;
  return new CfluxError(code, message, {
    cause: error.cause,
    retryable,
    ...(outcome === undefined ? {} : { outcome }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(status === undefined ? {} : { status }),
  });
}
