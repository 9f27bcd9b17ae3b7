import { RecentMap } from '../../recent-map.js';
import type { Contender } from './pusher.js';
import { maxRemembered } from './reservations.js';

/** Milliseconds for which a waiting push may be delayed by runs, in all. */
const maxDelay = 50;
/** A requester that takes longer, in milliseconds, from one version to its next push is not waited for. */
const maxPause = 10;
/** Shortest time for which the next push of a run is awaited, in milliseconds. */
const minAwaited = 2;

/** What is known about a requester. */
interface Habit {
  /** The version that it stored last, and when. */
  readonly stored: number;
  readonly at: number;
  /** Milliseconds from the version it stored before to its next push. */
  readonly pause?: number | undefined;
}

/**
 * Decides whether the next push of a legacy client is awaited after it has stored a version, although others wait (R26). A legacy client
 * pushes each change by itself. If several do at once and take turns, each change conflicts once, and is transferred and applied twice. A
 * client that pushes repeatedly from the version it has just stored therefore stores several in a run, and the others conflict once for
 * all of them. It has no clock: the time is an argument, in milliseconds of a monotonic clock.
 */
export class Runs {
  readonly #habits = new RecentMap<string, Habit>(maxRemembered);

  /** The push was stored as `version`. */
  committed({ requester, sender = requester }: Contender, version: number, now: number): void {
    if (sender.address === undefined) return;
    const { name } = sender;
    this.#habits.renew(name, { ...this.#habits.get(name), stored: version, at: now });
  }

  /** A push has arrived, with its complete body. */
  arrived({ requester, sender = requester, base }: Contender, now: number): void {
    const { name } = sender;
    const habit = this.#habits.get(name);
    if (habit?.stored === base) this.#habits.set(name, { ...habit, pause: now - habit.at });
  }

  /**
   * Returns for how many milliseconds the next push of `contender`, which has just stored a version, is awaited while the first push in
   * the queue has waited for `waited` milliseconds; 0 for not at all.
   */
  awaited({ requester, sender = requester }: Contender, waited: number): number {
    const pause = this.#habits.get(sender.name)?.pause;
    if (pause === undefined || pause > maxPause) return 0;
    return Math.max(0, Math.min(Math.max(minAwaited, 2 * pause), maxDelay - waited));
  }

  /** Its next push did not come in time: it is not awaited again until it has come as soon as that by itself. */
  missed({ requester, sender = requester }: Contender): void {
    const habit = this.#habits.get(sender.name);
    if (habit !== undefined) this.#habits.set(sender.name, { ...habit, pause: undefined });
  }
}
