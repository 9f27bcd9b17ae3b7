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

  /** The latest deadline of its mutations, by the monotonic clock. */
  get deadline(): number {
    // Not by Math.max(...), because the length of an argument list is limited.
    return this.mutations.reduce((latest, { deadline }) => Math.max(latest, deadline), 0);
  }

  /** Settles with the results of `attempts`: their snapshot is stored, or they changed nothing on the newest metadata (R4). */
  settle(attempts: readonly Attempt[]): void {
    this.mutations.forEach((mutation, i) => {
      const attempt = attempts[i];
      if (attempt === undefined) return;
      if ('error' in attempt) mutation.reject(attempt.error);
      else mutation.resolve(attempt.result);
    });
  }

  /** Rejects after a push that failed with `error`. */
  rollBack(attempts: readonly Attempt[], error: CfluxError): void {
    this.mutations.forEach((mutation, i) => {
      const attempt = attempts[i];
      // A change that failed is not in the snapshot, but it was not applied to the newest metadata either.
      const inSnapshot = attempt !== undefined && 'result' in attempt;
      mutation.reject(inSnapshot || error.outcome === 'notApplied' ? error : notJudged(error));
    });
    this.#emit('rolledBack', { error, mutations: appliedOf(attempts) });
  }

  /** Rejects with a certain outcome: nothing was sent, or it was certainly not stored. */
  reject(cause: unknown): void {
    // The unknown outcome of the transport's own request, a poll, does not concern the caller of a mutation.
    const isOpen = isCfluxError(cause) && cause.outcome !== 'notApplied';
    const error = isOpen ? restate(cause, { outcome: 'notApplied' }) : cause;
    for (const mutation of this.mutations) mutation.reject(error);
    this.#emit('rolledBack', { error: CfluxError.from(error), mutations: this.mutations.length });
  }
}

/** Returns how many mutations the snapshot of a round contains. */
export const appliedOf = (attempts: readonly Attempt[]): number =>
  attempts.filter((attempt) => 'result' in attempt).length;
