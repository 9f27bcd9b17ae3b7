import type { Clock } from '../../clock.js';

interface Remembered {
  readonly key: Buffer;
  readonly version: number;
  readonly since: number;
}

// So many at once that a burst is forgotten as fast as it came, and so few that no commit waits for it.
const maxAtOnce = 100;

/**
 * Since when this process knows each mutation id, by the monotonic clock: the wall clock may jump by hours. Those that an earlier
 * process stored count from now (R27: ten minutes at least).
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

  /** Those that may be forgotten, and are from now on forgotten here. */
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
