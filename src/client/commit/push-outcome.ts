import { CfluxError } from '../../errors.js';

/** The error for a change that may or may not be in the history (R3). */
export function unknownOutcome(cause?: unknown): CfluxError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new CfluxError('UNKNOWN_OUTCOME', `the change may or may not be part of the cluster${why}`, {
    outcome: 'unknown',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The error for a change that was not sent, but not applied to the newest metadata either (R4). */
export function notJudged(cause: CfluxError): CfluxError {
  return new CfluxError(
    'UNREACHABLE',
    'the change failed on metadata that may be stale, and the newest could not be fetched',
    {
      cause,
      retryable: true,
      outcome: 'notApplied',
    },
  );
}

/** The error for a change that was not sent before the client closed. */
export function closedWhileUndecided(): CfluxError {
  return new CfluxError('CLOSED', 'the client was closed; nothing was changed', { outcome: 'notApplied' });
}

/** The error for an operation that did not end within the `timeout` of its change. */
export function tookTooLong(timeout: number): CfluxError {
  const message =
    `the operation itself took longer than the timeout of its change, ${timeout} ms; ` +
    'nothing was changed: raise timeout, or mutationTimeout';
  return new CfluxError('TIMEOUT', message, { outcome: 'notApplied' });
}

/** The error for a missed deadline; `lost` is the number of conflicts. */
export function tooLate(lost: number): CfluxError {
  if (lost === 0) {
    const message = 'the change was not decided in time; nothing was changed';
    return new CfluxError('TIMEOUT', message, { outcome: 'notApplied' });
  }
  const message = `the change conflicted with other nodes ${lost} times; nothing was changed; retry or raise the timeout`;
  return new CfluxError('CONFLICT_TIMEOUT', message, { retryable: true, outcome: 'notApplied' });
}
