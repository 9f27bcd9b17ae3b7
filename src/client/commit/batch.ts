import { CfluxError, isCfluxError } from '../../errors.js';
import { restate } from '../../transport/restate.js';
import type { Emit } from '../observe/events.js';
import type { Attempt } from './apply-all.js';
import type { PendingMutation } from './pending-mutation.js';
import { notJudged } from './push-outcome.js';

/** The mutations of one round: they are applied and pushed together, and each gets its own result or error (R7). */
export class Batch<M> {
  readonly mutations: readonly PendingMutation<M>[];
  readonly #emit: Emit;

  constructor(mutations: readonly PendingMutation<M>[], emit: Emit) {
    this.mutations = mutations;
    this.#emit = emit;
  }

  /** Until when at least one caller waits, by the monotonic clock. */
  get deadline(): number {
    // One by one: an argument list is limited, a batch is not.
    return this.mutations.reduce((latest, { deadline }) => Math.max(latest, deadline), 0);
  }

  /** The attempts count: their snapshot is stored, or they changed nothing on the newest metadata (R4). */
  settle(attempts: readonly Attempt[]): void {
    this.mutations.forEach((mutation, i) => {
      const attempt = attempts[i];
      if (attempt === undefined) return;
      if ('error' in attempt) mutation.reject(attempt.error);
      else mutation.resolve(attempt.result);
    });
  }

  /** The push failed with `error`. */
  rollBack(attempts: readonly Attempt[], error: CfluxError): void {
    this.mutations.forEach((mutation, i) => {
      const attempt = attempts[i];
      // A change that failed is not in the snapshot, but neither was it judged against the newest metadata.
      const inSnapshot = attempt !== undefined && 'result' in attempt;
      mutation.reject(inSnapshot || error.outcome === 'notApplied' ? error : notJudged(error));
    });
    this.#emit('rolledBack', { error, mutations: appliedOf(attempts) });
  }

  /** Nothing was sent, or what was sent was certainly not stored. */
  reject(cause: unknown): void {
    // What the transport does not know of its own request, a poll, means nothing to the caller of a mutation.
    const isOpen = isCfluxError(cause) && cause.outcome !== 'notApplied';
    const error = isOpen ? restate(cause, { outcome: 'notApplied' }) : cause;
    for (const mutation of this.mutations) mutation.reject(error);
    this.#emit('rolledBack', { error: CfluxError.from(error), mutations: this.mutations.length });
  }
}

/** How many mutations the snapshot of a round holds. */
export const appliedOf = (attempts: readonly Attempt[]): number =>
  attempts.filter((attempt) => 'result' in attempt).length;
