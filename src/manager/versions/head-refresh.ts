import type { Deadlines } from '../../async/deadlines.js';
import type { CommitResult } from '../manager-store.js';

/** Milliseconds until a refresh that failed is repeated. */
const retryDelay = 1_000;

export interface HeadRefreshParts {
  readonly deadlines: Deadlines;
  /** The store gives turns: commits of this manager overlap, and a change that is reported during one may be another manager's. */
  readonly overlapsCommits: boolean;
  /** Whether a request waits for changes. */
  readonly isNeeded: () => boolean;
  /** Reads the head, and answers the polls that it concerns. */
  readonly refresh: () => Promise<void>;
  /** A refresh failed that no request waits for. */
  readonly onError: (error: unknown) => void;
}

/** Refreshes what held polls wait for whenever the head may have changed: once at a time, and again if it changed meanwhile (R22). */
export class HeadRefresh {
  readonly #parts: HeadRefreshParts;
  #isCommitting = false;
  #running: Promise<void> | undefined;
  #isDue = false;

  constructor(parts: HeadRefreshParts) {
    this.#parts = parts;
  }

  /** The head may have changed, whoever changed it. Resolves when the polls are answered that wait for that. */
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
      // The store does not notify of this change again, and held polls may have five minutes left.
      if (isNeeded()) deadlines.add(retryDelay, () => this.#start());
      throw error;
    } finally {
      this.#running = undefined;
    }
  }

  /** Runs `commit`, which publishes what it stores itself: a change that is reported meanwhile is refreshed after it. */
  async around(commit: () => Promise<CommitResult>): Promise<CommitResult> {
    this.#isCommitting = !this.#parts.overlapsCommits;
    // Unless the commit succeeds, the head is not known.
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
