import type { Clock } from '../../../../clock.js';

const interval = 1_000;
const memory = 30 * 60_000;

/** Records etcd's revision over time: by the monotonic clock of this process, because the clocks of managers differ. */
export class RevisionMarks {
  readonly #clock: Clock;
  /** Oldest first. */
  #marks: { readonly at: number; readonly revision: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(revision: number): void {
    const at = this.#clock.monotonic();
    const last = this.#marks.at(-1);
    if (last !== undefined && (at - last.at < interval || revision <= last.revision)) return;
    this.#marks.push({ at, revision });
    if (this.#marks.length > 2 * (memory / interval)) {
      this.#marks = this.#marks.filter((mark) => at - mark.at <= memory);
    }
  }

  /** Returns the newest revision that is known to be at least `age` milliseconds old; `undefined` if there is none. */
  before(age: number): number | undefined {
    const until = this.#clock.monotonic() - age;
    return this.#marks.findLast((mark) => mark.at <= until)?.revision;
  }
}
