import type { Clock } from '../../clock.js';
import { nodeTimeToLive } from '../../protocol/times.js';

/**
 * Knows whether the node must synchronize before its next push: it was suspended for longer than its time to live (R10), or could not
 * adopt a newer version, so that another push would only conflict again (R8).
 */
export class Staleness {
  readonly #clock: Clock;
  readonly #lastHeartbeat: () => number | undefined;
  #isMarked = false;
  /** When the manager last confirmed the newest version, by the monotonic clock. */
  #confirmedAt = Number.NEGATIVE_INFINITY;

  /** @param lastHeartbeat returns when the node was last known to be alive, by the monotonic clock */
  constructor(clock: Clock, lastHeartbeat: () => number | undefined) {
    this.#clock = clock;
    this.#lastHeartbeat = lastHeartbeat;
  }

  get isStale(): boolean {
    const lastHeartbeat = this.#lastHeartbeat();
    if (this.#isMarked || lastHeartbeat === undefined) return this.#isMarked;
    // A change may arrive before the heartbeat that detects the suspension.
    return this.#clock.monotonic() - Math.max(lastHeartbeat, this.#confirmedAt) > nodeTimeToLive;
  }

  mark(): void {
    this.#isMarked = true;
  }

  /** Records that the node has the manager's newest version. */
  confirm(): void {
    this.#isMarked = false;
    this.#confirmedAt = this.#clock.monotonic();
  }
}
