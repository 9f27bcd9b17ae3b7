import { sleep } from '../../async/sleep.js';
import { pauseAfterConflicts } from '../backoff.js';
import { TooSoon } from '../follow/history-pace.js';
import { Batch } from './batch.js';
import type { MutationQueue } from './mutation-queue.js';
import type { PendingMutation } from './pending-mutation.js';
import { closedWhileUndecided, tooLate } from './push-outcome.js';
import { Round, type RoundParts } from './round.js';

export interface CommitterParts<M> extends RoundParts<M> {
  readonly queue: MutationQueue<M>;
}

/** Commits queued mutations as versions of the cluster, in rounds, until each is settled or its deadline is over (R8). */
export class Committer<M> {
  readonly #parts: CommitterParts<M>;

  constructor(parts: CommitterParts<M>) {
    this.#parts = parts;
  }

  /**
   * Commits the queue until all mutations are settled. The caller holds the writer lock (R1). `signal` also aborts the request.
   *
   * @returns milliseconds until the queue may be retried, if the manager changes its history too often to be followed
   */
  async commit(signal: AbortSignal): Promise<number> {
    const { queue, clock, random, emit } = this.#parts;
    let waiting: PendingMutation<M>[] = [];
    for (let number = 1; ; ) {
      // Mutations that came during the last round go along (R7).
      waiting = this.#withoutAbandoned([...waiting, ...queue.takeAll()], number);
      if (waiting.length === 0) return 0;
      const batch = new Batch(waiting, { emit, clock, lost: number - 1, signal });
      try {
        const end = await new Round(this.#parts, { batch, number, signal }).run();
        if (end === 'settled') return 0;
        if (end === 'without') continue;
        const pause = pauseAfterConflicts(number, random);
        number += 1;
        if (pause > 0) await sleep(clock, pause, signal);
      } catch (error) {
        if (error instanceof TooSoon && !signal.aborted) {
          queue.obstacle = error;
          queue.putBack(waiting);
          return error.wait;
        }
        this.#parts.onFailed(error);
        batch.reject(signal.aborted ? closedWhileUndecided() : error);
        return 0;
      } finally {
        batch.close();
      }
    }
  }

  #withoutAbandoned(waiting: PendingMutation<M>[], number: number): PendingMutation<M>[] {
    const now = this.#parts.clock.monotonic();
    return waiting.filter((mutation) => {
      if (mutation.isSettled) return false;
      const reason = mutation.abandonedBecause(now, () => tooLate(number - 1));
      if (reason === undefined) return true;
      mutation.reject(reason);
      return false;
    });
  }
}
