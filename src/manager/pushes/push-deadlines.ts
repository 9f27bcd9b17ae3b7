import type { Deadlines } from '../../async/deadlines.js';
import { withLinkedSignal } from '../../async/linked-signal.js';
import { storeIsLate } from '../refusals.js';
import type { ManagerPushResult } from './manager-push.js';

/** Milliseconds without progress after which a push is refused; a client gives one attempt 15 s. */
const maxIdle = 6_500;
/** Milliseconds in which an aborted store may still report the result of a commit. */
const grace = 500;

/** One push in the queue or the store. */
export interface PushUnderWay {
  readonly signal: AbortSignal;
  /** Must be called just before the commit is passed to the store. Throws if the push was refused already. */
  beginsToStore(): void;
}

/**
 * Guarantees a timely response to the pushes of one cluster even if the store hangs: a push that was not passed to the store is refused,
 * the outcome of any other is unknown. A push may wait in the queue as long as the pushes before it make progress.
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

  /** The store completed a commit, or reported a change. */
  progress(): void {
    this.#progressAt = this.#monotonic();
  }

  /** Runs `push` with a signal that aborts when `signal` does, and when the time is up. */
  run(
    push: (underWay: PushUnderWay) => Promise<ManagerPushResult>,
    signal: AbortSignal | undefined,
  ): Promise<ManagerPushResult> {
    return withLinkedSignal([signal], (ending, abort) => {
      const begunAt = this.#monotonic();
      let isStoring = false;
      let cancel = () => {};
      return new Promise<ManagerPushResult>((resolve, reject) => {
        const arm = () => {
          const due = Math.max(begunAt, this.#progressAt) + maxIdle - this.#monotonic();
          if (due > 0) {
            cancel = this.#deadlines.add(due, arm);
            return;
          }
          const refused = storeIsLate(this.#storeName, maxIdle, 'notApplied');
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
    return storeIsLate(this.#storeName, maxIdle + grace, 'unknown');
  }
}
