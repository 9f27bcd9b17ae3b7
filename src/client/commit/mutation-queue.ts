import { Alarm } from '../../async/alarm.js';
import type { Clock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import type { Operation } from '../local/meta-client-adapter.js';
import { PendingMutation } from './pending-mutation.js';

/** Changes that wait for the next round, in the order of the calls. */
export class MutationQueue<M> {
  #waiting = new Set<PendingMutation<M>>();
  readonly #clock: Clock;
  readonly #onAdded: () => void;
  readonly #alarm: Alarm;
  /** The last reason for waiting; it is part of the timeout error. */
  obstacle: unknown;

  constructor(clock: Clock, onAdded: () => void) {
    this.#clock = clock;
    this.#onAdded = onAdded;
    this.#alarm = new Alarm(clock, (now) => this.#expire(now));
  }

  get size(): number {
    return this.#waiting.size;
  }

  add<T>(
    operation: Operation<M, T>,
    options: { timeout: number; signal?: AbortSignal | undefined; isMethod: boolean; isAtomic: boolean },
  ): PendingMutation<M, T> {
    const deadline = this.#clock.monotonic() + options.timeout;
    const mutation = new PendingMutation<M, T>(operation, { deadline, ...options });
    const waiting = mutation as PendingMutation<M>;
    mutation.onAbort(() => this.#giveUp(waiting, this.#clock.monotonic()));
    this.#waiting.add(waiting);
    this.#alarm.setFor(deadline);
    this.#onAdded();
    return mutation;
  }

  /** Removes and returns all mutations; the caller settles them or puts them back. */
  takeAll(): PendingMutation<M>[] {
    this.#alarm.cancel();
    const taken = [...this.#waiting];
    // Not cleared, because the old table of a set retains its entries until the next full garbage collection.
    this.#waiting = new Set();
    return taken;
  }

  /** Puts unsettled mutations back at the front of the queue. */
  putBack(taken: readonly PendingMutation<M>[]): void {
    const undecided = taken.filter(({ isSettled }) => !isSettled);
    this.#waiting = new Set([...undecided, ...this.#waiting]);
    const now = this.#clock.monotonic();
    for (const mutation of undecided) if (!this.#giveUp(mutation, now)) this.#alarm.setFor(mutation.deadline);
  }

  rejectAll(error: unknown): void {
    for (const mutation of this.takeAll()) mutation.reject(error);
  }

  #expire(now: number): void {
    let next = Number.POSITIVE_INFINITY;
    for (const mutation of this.#waiting) {
      if (!this.#giveUp(mutation, now)) next = Math.min(next, mutation.deadline);
    }
    if (this.#waiting.size > 0) this.#alarm.setFor(next);
  }

  /** Rejects an abandoned mutation, unless it is on the wire. Also works for mutations that were taken from the queue. */
  #giveUp(mutation: PendingMutation<M>, now: number): boolean {
    const reason = mutation.abandonedBecause(now, () => this.#lateError());
    if (reason === undefined) return false;
    this.#waiting.delete(mutation);
    mutation.giveUp(reason);
    return true;
  }

  #lateError(): CfluxError {
    const why = this.obstacle instanceof Error ? `: ${this.obstacle.message}` : '';
    return new CfluxError('TIMEOUT', `the change was not decided in time; nothing was changed${why}`, {
      outcome: 'notApplied',
      retryable: true,
      ...(this.obstacle === undefined ? {} : { cause: this.obstacle }),
    });
  }
}
