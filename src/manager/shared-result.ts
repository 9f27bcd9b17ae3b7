import { Deferred } from '../async/deferred.js';
import { inSlices } from './time-slice.js';

/**
 * One result for everything that waits for it: thousands of responses may wait for one compressed snapshot. They continue in slices,
 * not all in the turn of the event loop in which the result arrives.
 */
export class SharedResult<T> {
  readonly #waiting: Deferred<T>[] = [];
  /** Passes the result on; undefined until it arrives. */
  #settle: ((waiting: Deferred<T>) => void) | undefined;

  constructor(work: Promise<T>) {
    work.then(
      (value) => this.#arrived((waiting) => waiting.resolve(value)),
      (error: unknown) => this.#arrived((waiting) => waiting.reject(error)),
    );
  }

  get(): Promise<T> {
    const waiting = new Deferred<T>();
    if (this.#settle === undefined) this.#waiting.push(waiting);
    else this.#settle(waiting);
    return waiting.promise;
  }

  #arrived(settle: (waiting: Deferred<T>) => void): void {
    this.#settle = settle;
    void inSlices(this.#waiting.splice(0), settle);
  }
}
