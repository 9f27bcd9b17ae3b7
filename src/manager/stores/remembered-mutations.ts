import type { Clock } from '../../clock.js';

interface Remembered {
  readonly key: Buffer;
  readonly version: number;
  readonly since: number;
}

// Enough at once that a burst is forgotten as fast as it came, and few enough that no commit is delayed.
const maxAtOnce = 100;

/**
 * Since when this process knows each mutation id, by the monotonic clock: the wall clock may jump by hours. Mutations that an earlier
 * process stored count from the start of this one (R27: at least ten minutes).
 */
export class RememberedMutations {
  readonly #clock: Clock;
  readonly #memory: number;
  /** Oldest first. */
  readonly #queue = new Set<Remembered>();

  constructor(clock: Clock, memory: number) {
    this.#clock = clock;
    this.#memory = memory;
  }

  add(key: Buffer, version: number): void {
    this.#queue.add({ key: Buffer.from(key), version, since: this.#clock.monotonic() });
  }

  /** Removes and returns those that may be forgotten. */
  takeExpired(): readonly Remembered[] {
    const expired: Remembered[] = [];
    const now = this.#clock.monotonic();
    for (const remembered of this.#queue) {
      if (now - remembered.since <= this.#memory || expired.length === maxAtOnce) break;
      this.#queue.delete(remembered);
      expired.push(remembered);
    }
    return expired;
  }
}
