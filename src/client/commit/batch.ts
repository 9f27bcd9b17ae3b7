import { Alarm } from '../../async/alarm.js';
import { onAbort } from '../../async/on-abort.js';
import type { Clock } from '../../clock.js';
import { CfluxError, isCfluxError } from '../../errors.js';
import { restate } from '../../transport/restate.js';
import type { Position } from '../local/position.js';
import type { Emit } from '../observe/events.js';
import type { Attempt } from './attempt.js';
import type { DropOrdersOutcome, PendingMutation } from './pending-mutation.js';
import { closedWhileUndecided, notJudged, tookTooLong, tooLate } from './push-outcome.js';

export interface BatchOptions {
  readonly emit: Emit;
  readonly clock: Clock;
  /** Number of rounds that ended with a conflict. */
  readonly lost: number;
  /** Rejects all mutations that are not sent yet. */
  readonly signal: AbortSignal;
}

/**
 * The mutations of one round: they are applied and pushed together, and each gets its own result or error. Until they are sent, each is
 * rejected at its own deadline (R7). Close it after the round.
 */
export class Batch<M> {
  #mutations: readonly PendingMutation<M>[];
  /** The mutation whose operation is running. */
  running: PendingMutation<M> | undefined;
  readonly #emit: Emit;
  readonly #clock: Clock;
  #lost: number;
  readonly #expiry: Alarm;
  readonly #unsubscribe: () => void;

  constructor(mutations: readonly PendingMutation<M>[], { emit, clock, lost, signal }: BatchOptions) {
    this.#mutations = mutations;
    this.#emit = emit;
    this.#clock = clock;
    this.#lost = lost;
    this.#expiry = new Alarm(clock, (now) => this.#expire(now));
    this.#unsubscribe = onAbort(signal, () => {
      for (const mutation of this.#mutations) mutation.giveUp(closedWhileUndecided());
    });
    this.#expire(clock.monotonic());
  }

  get mutations(): readonly PendingMutation<M>[] {
    return this.#mutations;
  }

  /** Removes the mutations after the first `count`, and returns them. */
  cut(count: number): readonly PendingMutation<M>[] {
    const rest = this.#mutations.slice(count);
    this.#mutations = this.#mutations.slice(0, count);
    return rest;
  }

  close(): void {
    this.#expiry.cancel();
    this.#unsubscribe();
  }

  /** Whether all mutations are settled. */
  get isSettled(): boolean {
    return this.mutations.every(({ isSettled }) => isSettled);
  }

  /** The latest deadline of its mutations, by the monotonic clock. */
  get deadline(): number {
    // Not `Math.max(...)`, because the number of arguments is limited.
    return this.mutations.reduce(
      (latest, { deadline, isSettled }) => (isSettled ? latest : Math.max(latest, deadline)),
      0,
    );
  }

  /**
   * Begins the request, whose outcome the mutations share. Returns `false` if the snapshot must not be sent, because it contains a change
   * that was rejected or has no time left.
   */
  beginSending(attempts: readonly Attempt[]): boolean {
    const now = this.#clock.monotonic();
    const sent = this.mutations.filter((_, i) => 'result' in (attempts[i] ?? {}));
    for (const mutation of sent) if (now >= mutation.sendBy) mutation.giveUp(this.#lateError(mutation));
    if (sent.some(({ isSettled }) => isSettled)) return false;
    this.#expiry.cancel();
    for (const mutation of this.mutations) mutation.isOnWire = true;
    return true;
  }

  /** Ends a request that certainly stored nothing after a conflict; each mutation may be rejected again. */
  endSending(): void {
    this.#lost += 1;
    for (const mutation of this.mutations) mutation.isOnWire = false;
    this.#expire(this.#clock.monotonic());
  }

  /**
   * Settles with the results of `attempts`: their snapshot is stored as the version of `position`, or they changed nothing on it, which is
   * the newest (R4).
   */
  settle(attempts: readonly Attempt[], position: Position): void {
    this.mutations.forEach((mutation, i) => {
      const attempt = attempts[i];
      if (attempt === undefined) return;
      if ('error' in attempt) mutation.reject(attempt.error);
      else mutation.resolve(attempt.result, position);
    });
  }

  /** Reports to each mutation that made drop orders what became of them. */
  noteOrders(attempts: readonly Attempt[], outcome: DropOrdersOutcome): void {
    this.mutations.forEach((mutation, i) => {
      const attempt = attempts[i];
      if (attempt !== undefined && 'orders' in attempt) mutation.noteOrders(outcome);
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

  #expire(now: number): void {
    let next = Number.POSITIVE_INFINITY;
    for (const mutation of this.mutations) {
      if (mutation.isSettled) continue;
      if (now >= mutation.deadline) mutation.giveUp(this.#lateError(mutation));
      else next = Math.min(next, mutation.deadline);
    }
    if (next < Number.POSITIVE_INFINITY) this.#expiry.setFor(next);
  }

  #lateError(mutation: PendingMutation<M>): CfluxError {
    return mutation === this.running ? tookTooLong(mutation.timeout) : tooLate(this.#lost);
  }
}

/** Returns how many mutations the snapshot of a round contains. */
export const appliedOf = (attempts: readonly Attempt[]): number =>
  attempts.filter((attempt) => 'result' in attempt).length;
