import type { Clock } from '../clock.js';
import { Alarm } from './alarm.js';
import { onAbort } from './on-abort.js';

/**
 * Deadlines and one signal for a sequence of promises that ignore both. All share one timer and one listener, whereas `withDeadline`
 * would create one of each per promise. Release it after the last promise.
 */
export class SerialDeadlines {
  readonly #signal: AbortSignal;
  readonly #alarm: Alarm;
  readonly #unsubscribe: () => void;
  /** Rejects the current race; has no effect if it has settled. */
  #giveUp: (reason: unknown) => void = () => undefined;
  #deadline = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, signal: AbortSignal, timeoutError: () => unknown) {
    this.#signal = signal;
    this.#alarm = new Alarm(clock, (now) => {
      // The alarm may still be set for an earlier deadline.
      if (now >= this.#deadline) this.#giveUp(timeoutError());
      else this.#alarm.setFor(this.#deadline);
    });
    this.#unsubscribe = onAbort(signal, (reason) => this.#giveUp(reason));
  }

  /** Settles as `work` does, or rejects at `deadline` (monotonic clock) or when the signal aborts; the result of `work` is then ignored. */
  race<T>(work: T | PromiseLike<T>, deadline: number): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      this.#deadline = deadline;
      if (this.#signal.aborted) reject(this.#signal.reason);
      else this.#alarm.setFor(deadline);
      Promise.resolve(work).then(resolve, reject);
    });
  }

  release(): void {
    this.#alarm.cancel();
    this.#unsubscribe();
  }
}
