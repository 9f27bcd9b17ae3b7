import { Deferred } from '../../async/deferred.js';
import { onAbort } from '../../async/on-abort.js';
import type { CfluxError } from '../../errors.js';
import type { Operation } from '../local/meta-client-adapter.js';
import type { Position } from '../local/position.js';

export interface MutationOptions {
  /** By the monotonic clock. */
  readonly deadline: number;
  /** Milliseconds from the call to the deadline. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether it is one call of the meta client, and not a user's function. */
  readonly isMethod: boolean;
  /** Whether it is a method that takes effect synchronously and completely, or not at all. */
  readonly isAtomic: boolean;
}

/** Minimum time left for a request, in milliseconds. With less, the outcome would most likely be unknown. */
const minSendTime = 20;

/**
 * A change that waits for its outcome. Its signal or deadline rejects it at once, both in the queue and while its operation runs; a late
 * result is discarded. After the snapshot is sent, it shares the outcome of the request (R7).
 */
export class PendingMutation<M, T = unknown> {
  readonly operation: Operation<M, T>;
  readonly deadline: number;
  readonly timeout: number;
  readonly isMethod: boolean;
  readonly isAtomic: boolean;
  /** Whether a snapshot with the change may be stored now. */
  isOnWire = false;
  /** The version that contains the change, once it is resolved. */
  position: Position | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #outcome = new Deferred<T>();
  #isSettled = false;
  #unsubscribe = () => {};
  /** Ends the wait for the operation. */
  #interrupt: (reason: unknown) => void = () => {};

  constructor(operation: Operation<M, T>, options: MutationOptions) {
    const { deadline, timeout, signal, isMethod, isAtomic } = options;
    this.operation = operation;
    this.deadline = deadline;
    this.timeout = timeout;
    this.isMethod = isMethod;
    this.isAtomic = isAtomic;
    this.#signal = signal;
  }

  get outcome(): Promise<T> {
    return this.#outcome.promise;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** The latest time to send the change, by the monotonic clock. */
  get sendBy(): number {
    return this.deadline - Math.min(minSendTime, this.timeout / 10);
  }

  /** Calls `listener` if the signal aborts before the change is settled. */
  onAbort(listener: () => void): void {
    this.#unsubscribe = onAbort(this.#signal, listener);
  }

  /** Returns why the mutation must be abandoned, if its signal aborted or its deadline is over. `late` creates the deadline's error. */
  abandonedBecause(now: number, late: () => CfluxError): unknown {
    if (this.#signal?.aborted) return this.#signal.reason;
    return now >= this.deadline ? late() : undefined;
  }

  /** Settles like `work`, the operation, or rejects as soon as the change is rejected; `work` then continues, and its result is ignored. */
  whileWanted<R>(work: PromiseLike<R> | R): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#interrupt = reject;
      if (this.#isSettled) reject(new Error('the change was given up'));
      Promise.resolve(work).then(resolve, reject);
    });
  }

  resolve(result: T, position: Position): void {
    this.position = position;
    this.#settle();
    this.#outcome.resolve(result);
  }

  reject(error: unknown): void {
    this.#settle();
    this.#outcome.reject(error);
    this.#interrupt(error);
  }

  /** Rejects the change, unless it is on the wire. */
  giveUp(reason: unknown): void {
    if (!this.isOnWire && !this.#isSettled) this.reject(reason);
  }

  #settle(): void {
    this.#isSettled = true;
    this.#unsubscribe();
  }
}
