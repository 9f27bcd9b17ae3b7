import { Condition } from '../../async/condition.js';
import type { Deadlines } from '../../async/deadlines.js';
import { noVersion } from '../../protocol/version.js';
import type { CurrentVersion } from '../versions/latest-snapshot.js';

/** Milliseconds for which a version may be kept back because the next is about to come. */
const maxDelay = 200;

/**
 * Tells waiting polls of versions. While pushes wait for their turn one version follows the other, and telling every node of each
 * would cost a snapshot, and a new poll, for every node and version: then they are told of the latest now and again. A poll that
 * comes meanwhile waits for that as well, or it would be answered with each version in turn.
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

  /** A higher version was told of, or is about to be: a slow look, or a commit whose answer was long in doubt, brings what was overtaken. */
  isOvertaken({ record }: CurrentVersion): boolean {
    return record.version < this.#highest;
  }

  /** `moreToCome`: pushes wait. */
  publish(current: CurrentVersion, moreToCome: boolean): void {
    if (this.isOvertaken(current)) return;
    this.#highest = current.record.version;
    this.#keptBack = current;
    if (moreToCome) this.#cancelTimer ??= this.#deadlines.add(maxDelay, () => this.flush());
    else this.flush();
  }

  /** Nothing more is to come: tells now what was kept back. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const current = this.#keptBack;
    this.#keptBack = undefined;
    if (current !== undefined) this.#notify(current);
    this.#flushed.notifyAll();
  }

  /** Resolves when what is kept back has been told; nothing to wait for: absent. */
  get pending(): Promise<void> | undefined {
    return this.#keptBack === undefined ? undefined : this.#flushed.wait();
  }
}
