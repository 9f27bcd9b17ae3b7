import type { Clock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import type { Random } from '../../random.js';
import { pauseAfter } from '../backoff.js';

/** After this long without a change of history the next one is followed at once again; milliseconds. */
const calmAfter = 60_000;

/**
 * How soon a node follows another history (R11). The first change is followed at once. Each further one within a minute of the last
 * has to wait longer: with two managers behind one name that do not share a store, a node would otherwise change sides, and make a
 * backup, with every request.
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

  /** The node follows another history from now on. */
  changed(): void {
    const now = this.#clock.monotonic();
    this.#changes = now - this.#changedAt < calmAfter ? this.#changes + 1 : 1;
    this.#changedAt = now;
    this.#pause = pauseAfter(this.#changes, this.#random);
  }

  /** @throws TooSoon: another history may not be followed yet. */
  check(): void {
    const remaining = this.#changedAt + this.#pause - this.#clock.monotonic();
    if (remaining > 0) throw new TooSoon(remaining);
  }
}

/** Another history is met, and was too short a time ago: nothing was adopted or pushed. */
export class TooSoon extends CfluxError {
  /** Milliseconds until it may be followed. */
  readonly wait: number;

  constructor(wait: number) {
    const message =
      'the manager changed its history again within a minute; following it later: if the endpoint leads to several managers, see that they share one store';
    super('UNAVAILABLE', message, { retryable: true, outcome: 'notApplied', retryAfter: wait });
    this.wait = wait;
  }
}
