import type { Clock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import type { Random } from '../../random.js';
import { pauseAfter } from '../backoff.js';

/** After this many milliseconds without a change of history, the next one is followed at once. */
const calmAfter = 60_000;

/**
 * Limits how often a node follows another history (R11). The first change is followed at once; each further one within a minute waits
 * longer. Otherwise, with two managers behind one name that do not share a store, a node would flap between their histories, with a
 * backup for every request.
 */
export class HistoryPace {
  readonly #clock: Clock;
  readonly #random: Random;
  #changes = 0;
  #changedAt = Number.NEGATIVE_INFINITY;
  #pause = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Records that the node follows another history. */
  changed(): void {
    const now = this.#clock.monotonic();
    this.#changes = now - this.#changedAt < calmAfter ? this.#changes + 1 : 1;
    this.#changedAt = now;
    this.#pause = pauseAfter(this.#changes, this.#random);
  }

  /** @throws TooSoon if another history must not be followed yet. */
  check(): void {
    const remaining = this.#changedAt + this.#pause - this.#clock.monotonic();
    if (remaining > 0) throw new TooSoon(remaining);
  }
}

/** The history changed again too soon; nothing was adopted or pushed. */
export class TooSoon extends CfluxError {
  /** Milliseconds until the history may be followed. */
  readonly wait: number;

  constructor(wait: number) {
    const message =
      'the manager changed its history again within a minute; backing off: if the endpoint has several managers, make them share one store';
    super('UNAVAILABLE', message, { retryable: true, outcome: 'notApplied', retryAfter: wait });
    this.wait = wait;
  }
}
