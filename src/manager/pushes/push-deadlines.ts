import type { Deadlines } from '../../async/deadlines.js';
import { withLinkedSignal } from '../../async/linked-signal.js';
import type { PushResult } from '../../transport/transport.js';
import { storeIsLate } from '../refusals.js';

/** Milliseconds without progress after which a push is refused; a client gives one attempt 15 s. */
const limit = 6_500;
/** Milliseconds in which a store that was asked to stop may still report how a commit ended. */
const grace = 500;

/** One push on its way through the line and the store. */
export interface PushUnderWay {
  readonly signal: AbortSignal;
  /** Must be called just before the store is given the commit. Throws when the push was refused already. */
  beginsToStore(): void;
}

/**
 * Responds to the pushes of one cluster in time when the store does not: a push that was not handed to the store is refused, of another
 * one the outcome is unknown. A push may wait for its turn as long as the pushes before it make progress.
 */
export class PushDeadlines {
  readonly #deadlines: Deadlines;
  readonly #monotonic: () => number;
  readonly #storeName: string;
  #progressAt = Number.NEGATIVE_INFINITY;

  constructor(deadlines: Deadlines, monotonic: () => number, storeName: string) {
    this.#deadlines = deadlines;
    this.#monotonic = monotonic;
    this.#storeName = storeName;
  }

  /** The store responded to a commit, or notified of a change. */
  progress(): void {
    this.#progressAt = this.#monotonic();
  }

  /** Runs `push`, whose signal aborts when `signal` does, and when its time is up. */
  run(
    push: (underWay: PushUnderWay) => Promise<PushResult>,
    signal: AbortSignal | undefined,
  ): Promise<PushResult> {
    return withLinkedSignal([signal], (ending, abort) => {
      const begunAt = this.#monotonic();
      let isStoring = false;
      let cancel = () => {};
      return new Promise<PushResult>((resolve, reject) => {
        const arm = () => {
          const due = Math.max(begunAt, this.#progressAt) + limit - this.#monotonic();
          if (due > 0) {
            cancel = this.#deadlines.add(due, arm);
            return;
          }
          const refused = storeIsLate(this.#storeName, limit, 'notApplied');
          abort(refused);
          if (!isStoring) reject(refused);
          else cancel = this.#deadlines.add(grace, () => reject(this.#unknown()));
        };
        arm();
        const beginsToStore = () => {
          ending.throwIfAborted();
          isStoring = true;
        };
        push({ signal: ending, beginsToStore }).then(resolve, reject);
      }).finally(() => cancel());
    });
  }

  #unknown() {
    return storeIsLate(this.#storeName, limit + grace, 'unknown');
  }
}
