import { CfluxError, type Outcome } from '../errors.js';

/** Returns a copy of `error` with another message or outcome, and the same cause. */
export function restate(
  error: CfluxError,
  {
    message = error.message,
    outcome = error.outcome,
  }: { readonly message?: string; readonly outcome?: Outcome | undefined },
): CfluxError {
  const { code, retryable, retryAfter, status } = error;
  return new CfluxError(code, message, {
    cause: error.cause,
    retryable,
    ...(outcome === undefined ? {} : { outcome }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(status === undefined ? {} : { status }),
  });
}
