import type { Clock } from '../clock.js';
import { CfluxError } from '../errors.js';
import type { Operation } from './holder.js';
import { PendingMutation } from './pending-mutation.js';

/** Changes that wait for the next round, in the order in which they were asked for. */
export class MutationQueue<M> {
  readonly #waiting = new Set<PendingMutation<M>>();
  readonly #clock: Clock;
  readonly #onAdded: () => void;
  /** What last kept changes waiting, for those whose time runs out. */
  obstacle: unknown;

  constructor(clock: Clock, onAdded: () => void) {
    this.#clock = clock;
    this.#onAdded = onAdded;
  }

  get size(): number {
    return this.#waiting.size;
  }

  add<T>(
    operation: Operation<M, T>,
    limits: { timeout: number; signal?: AbortSignal | undefined },
  ): Promise<T> {
    const mutation = new PendingMutation<M, T>(operation, {
      ...limits,
      clock: this.#clock,
      onAbandoned: (abandoned) => {
        if (this.#waiting.delete(abandoned as PendingMutation<M>)) {
          abandoned.reject(abandoned.abandonedBecause(() => this.#lateError()));
        }
      },
    });
    this.#waiting.add(mutation as PendingMutation<M>);
    this.#onAdded();
    return mutation.outcome;
  }

  #lateError(): CfluxError {
    const why = this.obstacle instanceof Error ? `: ${this.obstacle.message}` : '';
    return new CfluxError('TIMEOUT', `the change was not decided in time, nothing was changed${why}`, {
      outcome: 'none',
      retryable: true,
      ...(this.obstacle === undefined ? {} : { cause: this.obstacle }),
    });
  }

  /** Everything that waits; the caller decides about it from now on. */
  takeAll(): PendingMutation<M>[] {
    const taken = [...this.#waiting];
    this.#waiting.clear();
    return taken;
  }

  rejectAll(error: unknown): void {
    for (const mutation of this.takeAll()) mutation.reject(error);
  }
}
