import type { Deadlines } from '../../async/deadlines.js';
import type { CommitResult } from '../manager-store.js';

/** Milliseconds until a failed refresh is retried. */
const retryDelay = 1_000;

export interface HeadRefreshParts {
  readonly deadlines: Deadlines;
  /** The store queues pushes: commits of this manager overlap, and a change reported during one may be another manager's. */
  readonly overlapsCommits: boolean;
  /** Whether a request waits for changes. */
  readonly isNeeded: () => boolean;
  /** Reads the head, and completes the polls that it concerns. */
  readonly refresh: () => Promise<void>;
  /** A refresh failed that no request waits for. */
  readonly onError: (error: unknown) => void;
}

/** Refreshes held polls whenever the head may have changed: one refresh at a time, and another if it changed meanwhile (R22). */
export class HeadRefresh {
  readonly #parts: HeadRefreshParts;
  #isCommitting = false;
  #running: Promise<void> | undefined;
  #isDue = false;

  constructor(parts: HeadRefreshParts) {
    this.#parts = parts;
  }

  /** The head may have changed, by any manager. Resolves when the polls that wait for a change are completed. */
  async changed(): Promise<void> {
    const { deadlines, isNeeded } = this.#parts;
    if (this.#isCommitting || this.#running !== undefined) {
      this.#isDue = true;
      return this.#isCommitting ? undefined : this.#running;
    }
    this.#running = this.#run();
    try {
      await this.#running;
    } catch (error) {
      // The store does not notify again, so retry; otherwise held polls could stall for minutes.
      if (isNeeded()) deadlines.add(retryDelay, () => this.#start());
      throw error;
    } finally {
      this.#running = undefined;
    }
  }

  /** Runs `commit`, which publishes what it stores itself: changes reported meanwhile are refreshed after it. */
  async around(commit: () => Promise<CommitResult>): Promise<CommitResult> {
    this.#isCommitting = !this.#parts.overlapsCommits;
    // The head is unknown unless the commit succeeds.
    let isUnknown = true;
    try {
      const result = await commit();
      isUnknown = result.kind !== 'committed';
      return result;
    } finally {
      this.#isDue ||= isUnknown;
      this.#isCommitting = false;
      if (this.#isDue) this.#start();
    }
  }

  async #run(): Promise<void> {
    do {
      this.#isDue = false;
      if (!this.#parts.isNeeded()) return;
      await this.#parts.refresh();
    } while (this.#isDue);
  }

  #start(): void {
    this.changed().catch(this.#parts.onError);
  }
}
