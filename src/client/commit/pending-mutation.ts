import { Deferred } from '../../async/deferred.js';
import { onAbort } from '../../async/on-abort.js';
import { throwUncaught } from '../../async/throw-uncaught.js';
import type { CfluxError } from '../../errors.js';
import type { Position } from '../local/position.js';
import type { MutationOperation } from './mutation-tools.js';

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
  /** Called if it made drop orders. */
  readonly onDropOrders?: ((outcome: DropOrdersOutcome) => void) | undefined;
}

/** What became of the drop orders of a change. */
export interface DropOrdersOutcome {
  /** Whether the manager stored them. An older manager makes the change and ignores them. */
  readonly stored: boolean;
  /** The version that the orders belong to. */
  readonly version: number;
  /** The mutation id of their push, which identifies them. */
  readonly mutation: string;
}

/** Minimum time left for a request, in milliseconds. With less, the outcome would most likely be unknown. */
const minSendTime = 20;

/**
 * A change that waits for its outcome. Its signal or deadline rejects it at once, both in the queue and while its operation runs; a late
 * result is discarded. After the snapshot is sent, it shares the outcome of the request (R7).
 */
export class PendingMutation<M, T = unknown> {
  readonly operation: MutationOperation<M, T>;
  readonly deadline: number;
  readonly timeout: number;
  readonly isMethod: boolean;
  readonly isAtomic: boolean;
  /** Whether a snapshot with the change may be stored now. */
  isOnWire = false;
  /** The version that contains the change, once it is resolved. */
  position: Position | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #onDropOrders: MutationOptions['onDropOrders'];
  readonly #outcome = new Deferred<T>();
  #isSettled = false;
  #unsubscribe = () => {};
  /** Ends the wait for the operation. */
  #interrupt: (reason: unknown) => void = () => {};

  constructor(operation: MutationOperation<M, T>, options: MutationOptions) {
    const { deadline, timeout, signal, isMethod, isAtomic } = options;
    this.operation = operation;
    this.deadline = deadline;
    this.timeout = timeout;
    this.isMethod = isMethod;
    this.isAtomic = isAtomic;
    this.#signal = signal;
    this.#onDropOrders = options.onDropOrders;
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

  /** Its drop orders were stored with the change, or ignored by an older manager. */
  noteOrders(outcome: DropOrdersOutcome): void {
    try {
      this.#onDropOrders?.(outcome);
    } catch (error) {
      throwUncaught(error);
    }
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
