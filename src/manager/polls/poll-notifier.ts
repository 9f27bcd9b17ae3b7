import { Condition } from '../../async/condition.js';
import type { Deadlines } from '../../async/deadlines.js';
import { noVersion } from '../../protocol/version.js';
import type { CurrentVersion } from '../versions/latest-snapshot.js';

/** Milliseconds for which a version may be delayed because the next is about to be stored. */
const maxDelay = 200;

/**
 * Notifies held polls of versions. While pushes wait in the queue versions follow each other quickly, and notifying every node of each
 * one would cost a snapshot, and a new poll, per node and version: then only the latest is published, at intervals. A poll that arrives
 * in between waits for that too; otherwise it would receive each version in turn.
 */
export class PollNotifier {
  readonly #deadlines: Deadlines;
  readonly #notify: (current: CurrentVersion) => void;
  #highest = noVersion;
  #keptBack: CurrentVersion | undefined;
  #cancelTimer: (() => void) | undefined;
  readonly #flushed = new Condition();

  constructor(deadlines: Deadlines, notify: (current: CurrentVersion) => void) {
    this.#deadlines = deadlines;
    this.#notify = notify;
  }

  /** A higher version was published, or is about to be: a slow refresh, or a commit with a late response, delivers an obsolete one. */
  isOvertaken({ record }: CurrentVersion): boolean {
    return record.version < this.#highest;
  }

  /** @param moreToCome whether pushes wait */
  publish(current: CurrentVersion, moreToCome: boolean): void {
    if (this.isOvertaken(current)) return;
    this.#highest = current.record.version;
    this.#keptBack = current;
    if (moreToCome) this.#cancelTimer ??= this.#deadlines.add(maxDelay, () => this.flush());
    else this.flush();
  }

  /** Nothing more is about to be stored: publishes the delayed version now. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const current = this.#keptBack;
    this.#keptBack = undefined;
    if (current !== undefined) this.#notify(current);
    this.#flushed.notifyAll();
  }

  /** Resolves when the delayed version is published; undefined if there is none. */
  get pending(): Promise<void> | undefined {
    return this.#keptBack === undefined ? undefined : this.#flushed.wait();
  }
}
