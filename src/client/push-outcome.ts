import { CfluxError } from '../errors.js';
import type { PushResult } from '../transport/transport.js';
import type { Position } from './position.js';

/**
 * Whether a 409 means that an earlier attempt of this very push was stored: it names our mutation, or, from a manager that
 * does not speak of mutations, it shows our own bytes after an answer was lost. (Two nodes may push the same bytes.)
 */
export function isOurs(
  conflict: PushResult & { kind: 'conflict' },
  mutation: string,
  snapshot: Uint8Array,
): boolean {
  if (conflict.mutation !== undefined) return conflict.mutation === mutation;
  return conflict.answerLost === true && Buffer.compare(conflict.snapshot, snapshot) === 0;
}

/** Within an epoch versions only rise (R5). A manager without epochs may have lost its data and counts anew. */
export function wentBack(before: Position, { version, epoch = before.epoch }: Position): boolean {
  return before.epoch !== undefined && epoch === before.epoch && version <= before.version;
}

/** The change is in the history, or it is not (R3). */
export function unknownOutcome(cause?: unknown): CfluxError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new CfluxError(
    'UNKNOWN_OUTCOME',
    `the change may or may not have become part of the cluster${why}`,
    {
      outcome: 'unknown',
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

/** Nothing of the change was sent, but it was not judged against the newest metadata either (R4). */
export function notJudged(cause: CfluxError): CfluxError {
  return new CfluxError(
    'UNREACHABLE',
    'the change failed on metadata that may be old, and the newest could not be had',
    {
      cause,
      retryable: true,
      outcome: 'none',
    },
  );
}

/** Closed before anything was sent. */
export function closedWhileUndecided(): CfluxError {
  return new CfluxError('CLOSED', 'the client was closed; nothing was changed', { outcome: 'none' });
}

/** The deadline is over; `lost`: how often other nodes were first. */
export function tooLate(lost: number): CfluxError {
  if (lost === 0) {
    const message = 'the change was not decided in time; nothing was changed';
    return new CfluxError('TIMEOUT', message, { outcome: 'none' });
  }
  const message = `other nodes were first ${lost} times; nothing was changed`;
  return new CfluxError('CONFLICT_TIMEOUT', message, { retryable: true, outcome: 'none' });
}
