import { Deferred } from '../../async/deferred.js';
import { onAbort } from '../../async/on-abort.js';
import type { CfluxError } from '../../errors.js';
import type { Operation } from '../local/meta-client-adapter.js';

export interface MutationOptions {
  /** By the monotonic clock. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether it is one call of the meta client, and not a user's function. */
  readonly isMethod: boolean;
  /** Whether it is a method that takes effect synchronously and completely, or not at all. */
  readonly isAtomic: boolean;
}

/**
 * A change that waits for its outcome. While it is queued, its signal or deadline removes it at once; during a round it shares the
 * round's outcome, and its signal and deadline are checked again after the round (R7).
 */
export class PendingMutation<M, T = unknown> {
  readonly operation: Operation<M, T>;
  readonly deadline: number;
  readonly isMethod: boolean;
  readonly isAtomic: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #outcome = new Deferred<T>();
  #unsubscribe = () => {};

  constructor(operation: Operation<M, T>, { deadline, signal, isMethod, isAtomic }: MutationOptions) {
    this.operation = operation;
    this.deadline = deadline;
    this.isMethod = isMethod;
    this.isAtomic = isAtomic;
    this.#signal = signal;
  }

  get outcome(): Promise<T> {
    return this.#outcome.promise;
  }

  /** Calls `listener` when the signal aborts before the change is settled. */
  onAbort(listener: () => void): void {
    this.#unsubscribe = onAbort(this.#signal, listener);
  }

  /** Returns why the mutation must be abandoned, if its signal aborted or its deadline is over. `late` creates the deadline's error. */
  abandonedBecause(now: number, late: () => CfluxError): unknown {
    if (this.#signal?.aborted) return this.#signal.reason;
    return now >= this.deadline ? late() : undefined;
  }

  resolve(result: T): void {
    this.#unsubscribe();
    this.#outcome.resolve(result);
  }

  reject(error: unknown): void {
    this.#unsubscribe();
    this.#outcome.reject(error);
  }
}
