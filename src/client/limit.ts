import type { Clock } from '../clock.js';
import type { CfluxError } from '../errors.js';

/**
 * Deadlines, and a signal, for pieces of work that heed neither and come one after the other: all of them share one timer.
 * Release it when the last is over.
 */
export class Limit {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #late: () => CfluxError;
  /** Ends the present work; that of a work which is over does nothing. */
  #giveUp: (reason: unknown) => void = () => undefined;
  #deadline = Number.POSITIVE_INFINITY;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor(clock: Clock, signal: AbortSignal, late: () => CfluxError) {
    this.#clock = clock;
    this.#signal = signal;
    this.#late = late;
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** `work`, or a rejection when `deadline` (by the monotonic clock) or the signal is first; `work` goes on unheeded then. */
  race<T>(work: T | PromiseLike<T>, deadline: number): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      this.#deadline = deadline;
      if (this.#signal.aborted) this.#onAbort();
      else this.#watch();
      Promise.resolve(work).then(resolve, reject);
    });
  }

  release(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#signal.removeEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = () => this.#giveUp(this.#signal.reason);

  /** A timer that is set for an earlier deadline only looks, and is set anew. */
  #watch(): void {
    const at = this.#deadline;
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#timer?.cancel();
    const cancel = this.#clock.after(Math.max(at - this.#clock.monotonic(), 0), () => {
      this.#timer = undefined;
      if (this.#clock.monotonic() >= this.#deadline) this.#giveUp(this.#late());
      else this.#watch();
    });
    this.#timer = { at, cancel };
  }
}
