import type { Gate } from '../../async/gate.js';
import type { Mutex } from '../../async/mutex.js';
import { pause } from '../../async/sleep.js';
import type { Clock } from '../../clock.js';
import type { Committer } from './committer.js';
import type { MutationQueue } from './mutation-queue.js';

export interface CommitLoopParts<M> {
  readonly queue: MutationQueue<M>;
  readonly committer: Committer<M>;
  readonly writer: Mutex;
  /** Open once the node has joined. */
  readonly joined: Gate;
  readonly clock: Clock;
  /** Ends the loop. */
  readonly closing: AbortSignal;
  /** Ends the request under way. */
  readonly wire: AbortSignal;
}

/** Runs the committer, one at a time, while mutations are queued. */
export class CommitLoop<M> {
  readonly #parts: CommitLoopParts<M>;
  #running: Promise<void> | undefined;

  constructor(parts: CommitLoopParts<M>) {
    this.#parts = parts;
  }

  /** Resolves when the current commit is settled; `undefined` if there is none. */
  get running(): Promise<void> | undefined {
    return this.#running;
  }

  /** Commits the queue as soon as the node has joined. */
  wake(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // A mutation may have been queued since the last check.
      if (this.#hasWork) this.wake();
    });
  }

  get #hasWork(): boolean {
    return this.#parts.queue.size > 0 && !this.#parts.closing.aborted;
  }

  async #run(): Promise<void> {
    const { committer, writer, joined, clock, closing, wire } = this.#parts;
    while (this.#hasWork) {
      await joined.wait();
      if (closing.aborted) return;
      const wait = await writer.run(() => committer.commit(wire));
      if (wait > 0) await pause(clock, wait, closing);
    }
  }
}
