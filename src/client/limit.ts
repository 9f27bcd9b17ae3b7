import type { Clock } from '../clock.js';
import type { CfluxError } from '../errors.js';

/** A time limit and a signal for work that heeds neither; `late` makes the error. Release it when the work is over. */
export class Limit {
  readonly #reached: Promise<never>;
  readonly #release: () => void;

  constructor(clock: Clock, ms: number, signal: AbortSignal, late: () => CfluxError) {
    let release: () => void = () => undefined;
    this.#reached = new Promise((_, reject) => {
      const onAbort = () => reject(signal.reason);
      const cancelTimer = clock.after(Math.max(ms, 0), () => reject(late()));
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      release = () => {
        cancelTimer();
        signal.removeEventListener('abort', onAbort);
      };
    });
    // Nobody may be listening at the moment when it is reached.
    this.#reached.catch(() => undefined);
    this.#release = release;
  }

  /** `work`, or a rejection when the limit is reached first; `work` goes on unheeded then. */
  race<T>(work: Promise<T>): Promise<T> {
    work.catch(() => undefined);
    return Promise.race([work, this.#reached]);
  }

  release(): void {
    this.#release();
  }
}
