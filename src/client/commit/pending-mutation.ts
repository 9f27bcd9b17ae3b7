import { Deferred } from '../../async/deferred.js';
import { onAbort } from '../../async/on-abort.js';
import type { CfluxError } from '../../errors.js';
import type { Operation } from '../local/meta-client-adapter.js';

export interface MutationOptions {
  /** By the monotonic clock. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
  /** One call of the meta client, and not a function of somebody's that may call whatever it likes. */
  readonly isMethod: boolean;
  /** A method that takes effect at the call, wholly or not at all. */
  readonly isAtomic: boolean;
}

/**
 * A change that waits for its outcome. Its signal or deadline takes it out at once while it waits in the queue; during a
 * round it shares the round's outcome and is looked at again when the round is over (R7).
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

  /** Calls `listener` if the signal aborts before the change is settled. */
  onAbort(listener: () => void): void {
    this.#unsubscribe = onAbort(this.#signal, listener);
  }

  /** Why nobody waits for it any more; `undefined` while somebody does. `late` makes the error of a deadline that is over. */
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
