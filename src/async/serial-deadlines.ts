import type { Clock } from '../clock.js';
import { Alarm } from './alarm.js';
import { onAbort } from './on-abort.js';

/**
 * Deadlines, and one signal, for many pieces of work that ignore both and run one after the other: all of them share one timer and
 * one listener, where `withDeadline` would make one of each for every piece. Release it after the last piece.
 */
export class SerialDeadlines {
  readonly #signal: AbortSignal;
  readonly #alarm: Alarm;
  readonly #unsubscribe: () => void;
  /** Rejects the present piece; does nothing for one that is over. */
  #giveUp: (reason: unknown) => void = () => undefined;
  #deadline = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, signal: AbortSignal, timeoutError: () => unknown) {
    this.#signal = signal;
    this.#alarm = new Alarm(clock, (now) => {
      // The alarm may still be set for the deadline of an earlier piece.
      if (now >= this.#deadline) this.#giveUp(timeoutError());
      else this.#alarm.setFor(this.#deadline);
    });
    this.#unsubscribe = onAbort(signal, (reason) => this.#giveUp(reason));
  }

  /** Settles as `work` does, or rejects at `deadline` (by the monotonic clock) or when the signal aborts; `work` then continues, ignored. */
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
