import type { Clock } from '../clock.js';
import type { CfluxError } from '../errors.js';
import type { Operation } from './holder.js';

const nothing = () => undefined;

/**
 * A change that waits for its outcome. Its signal or deadline takes it out at once while it waits in the queue; during a
 * round it shares the round's outcome and is looked at again when the round is over (R7).
 */
export class PendingMutation<M, T = unknown> {
  readonly operation: Operation<M, T>;
  readonly outcome: Promise<T>;
  /** By the monotonic clock. */
  readonly deadline: number;
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbandoned: () => void;
  readonly #cancelTimer: () => void;
  #isLate = false;
  #resolve: (result: T) => void = nothing;
  #reject: (error: unknown) => void = nothing;

  constructor(
    operation: Operation<M, T>,
    parts: {
      clock: Clock;
      timeout: number;
      signal?: AbortSignal | undefined;
      /** Its signal or deadline says that nobody waits any more. */
      onAbandoned: (mutation: PendingMutation<M, T>) => void;
    },
  ) {
    this.operation = operation;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#clock = parts.clock;
    this.#signal = parts.signal;
    this.deadline = parts.clock.monotonic() + parts.timeout;
    this.#onAbandoned = () => parts.onAbandoned(this);
    this.#cancelTimer = parts.clock.after(parts.timeout, () => {
      this.#isLate = true;
      this.#onAbandoned();
    });
    this.#signal?.addEventListener('abort', this.#onAbandoned, { once: true });
  }

  /** Why nobody waits for it any more; `undefined` while somebody does. `late` makes the error of a deadline that is over. */
  abandonedBecause(late: () => CfluxError): unknown {
    if (this.#signal?.aborted) return this.#signal.reason;
    // Node's timers fire up to a millisecond before their time: the timer's word counts, whatever the clock says.
    return this.#isLate || this.#clock.monotonic() >= this.deadline ? late() : undefined;
  }

  resolve(result: T): void {
    this.#release();
    this.#resolve(result);
  }

  reject(error: unknown): void {
    this.#release();
    this.#reject(error);
  }

  #release(): void {
    this.#cancelTimer();
    this.#signal?.removeEventListener('abort', this.#onAbandoned);
  }
}
