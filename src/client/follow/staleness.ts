import type { Clock } from '../../clock.js';
import { nodeTimeToLive } from '../../protocol/times.js';

/**
 * Whether the node must synchronize before its next push: it slept past its time to live (R10), or could not adopt something
 * newer, so that another push from what it has would only conflict again (R8).
 */
export class Staleness {
  readonly #clock: Clock;
  readonly #lastHeartbeat: () => number | undefined;
  #isMarked = false;
  /** When the manager last confirmed what is the newest, by the monotonic clock. */
  #confirmedAt = Number.NEGATIVE_INFINITY;

  /** @param lastHeartbeat when the node was last known to be alive, by the monotonic clock */
  constructor(clock: Clock, lastHeartbeat: () => number | undefined) {
    this.#clock = clock;
    this.#lastHeartbeat = lastHeartbeat;
  }

  get isStale(): boolean {
    const lastHeartbeat = this.#lastHeartbeat();
    if (this.#isMarked || lastHeartbeat === undefined) return this.#isMarked;
    // A change may come before the heartbeat that notices that the process slept.
    return this.#clock.monotonic() - Math.max(lastHeartbeat, this.#confirmedAt) > nodeTimeToLive;
  }

  mark(): void {
    this.#isMarked = true;
  }

  /** The node has what the manager says is the newest. */
  confirm(): void {
    this.#isMarked = false;
    this.#confirmedAt = this.#clock.monotonic();
  }
}
