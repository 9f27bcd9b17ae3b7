import type { Contender, Pusher } from './pusher.js';

/** How long others wait for a requester that is not known to be slow, in milliseconds. */
export const defaultConflictHold = 250;
/** The longest reservation, in milliseconds, however slow its requester is. */
const longest = 2_000;
/** Of any `window` milliseconds, reservations that ended without a commit take at most `budget`. */
const window = 10_000;
const budget = window / 2;
/** Requesters, and versions shown to them, that are remembered for one cluster. */
const maxRemembered = 1_000;

/** A reservation: pushes of others wait for the next push of `requester`, which was shown version `shown`. */
export interface Reservation {
  readonly requester: Pusher;
  readonly shown: number;
}

/** What is known of a requester. */
interface Standing {
  /** Milliseconds from its last conflict to the arrival of the push that followed from it. */
  readonly delivery?: number;
  /** The version that it was shown when a reservation of its own was wasted. */
  readonly floor?: number;
  /** Its last reservation was wasted. */
  readonly isWasteful?: boolean;
}

/**
 * Decides who gets a reservation after a conflict, and for how long (R26). It keeps no time itself: each call says what time it is, in
 * milliseconds of a monotonic clock.
 *
 * A correct client pushes next from the version that it was shown. One that does not, or comes too late, wastes its reservation, and
 * gets another only for a push from that version or a later one. So a client that cannot adopt what it is shown (full disk, stale
 * base, endless retries) holds the others up once, and a slow one gets a reservation of the length that it needs.
 */
export class Reservations {
  readonly #conflictHold: number;
  readonly #standings = new Map<string, Standing>();
  /** When a version was shown to a requester. */
  readonly #shownAt = new Map<string, number>();
  /** Oldest first. */
  #wasted: { readonly until: number; readonly lasted: number }[] = [];

  /** `turn`: milliseconds that a reservation of a requester lasts that is not known to be slower; 0: there are no reservations. */
  constructor(conflictHold: number = defaultConflictHold) {
    this.#conflictHold = conflictHold;
  }

  /** A requester was shown `shown` in a conflict. */
  shown({ requester, shown }: Reservation, now: number): void {
    remember(this.#shownAt, placeOf(requester, shown), now);
  }

  /** A push has arrived, with its whole body. */
  arrived({ requester, base }: Contender, now: number): void {
    const place = placeOf(requester, base);
    const shownAt = this.#shownAt.get(place);
    if (shownAt === undefined) return;
    this.#shownAt.delete(place);
    this.#note(requester, { delivery: now - shownAt });
  }

  /** The push lost to version `shown`. For how many milliseconds others wait for the next push of its requester; 0: for none. */
  grant({ requester, base }: Contender, shown: number, now: number): number {
    if (this.#conflictHold <= 0) return 0;
    this.shown({ requester, shown }, now);
    const { delivery = 0, floor = 0, isWasteful = false } = this.#standings.get(requester.name) ?? {};
    // Versions below the floor are numbered anew where the manager's data was put back to a backup.
    if (base < floor && floor <= shown) return 0;
    const wanted = Math.min(longest, Math.max(this.#conflictHold, 2 * delivery));
    const left = budget - this.#wastedAt(now);
    // Half of what is left, so that many who turn bad at once leave something for the others; and of those who wasted their last one,
    // nobody touches the second half of the budget.
    const most = isWasteful ? left - budget / 2 : left / 2;
    return Math.max(0, Math.floor(Math.min(wanted, most)));
  }

  committed(requester: Pusher): void {
    if (this.#standings.get(requester.name)?.isWasteful) this.#note(requester, { isWasteful: false });
  }

  /** Its requester asked for news of the version that it was shown: it has nothing to push. */
  givenUp({ requester, shown }: Reservation, lasted: number, now: number): void {
    this.#shownAt.delete(placeOf(requester, shown));
    this.#spend(lasted, now);
  }

  /** The reservation ended now, after `lasted` milliseconds, without a commit. */
  waste({ requester, shown }: Reservation, lasted: number, now: number): void {
    // Who wasted a long one is as fast as anybody until it is measured again: or each would be twice as long as the last.
    const isLong = lasted >= 2 * this.#conflictHold;
    if (isLong) this.#shownAt.delete(placeOf(requester, shown));
    this.#note(requester, { floor: shown, isWasteful: true, ...(isLong ? { delivery: 0 } : {}) });
    this.#spend(lasted, now);
  }

  #spend(lasted: number, now: number): void {
    this.#wasted.push({ until: now, lasted: Math.min(lasted, longest) });
  }

  #wastedAt(now: number): number {
    const from = now - window;
    this.#wasted = this.#wasted.filter(({ until }) => until > from);
    return this.#wasted.reduce((sum, { until, lasted }) => sum + Math.min(lasted, until - from), 0);
  }

  #note(requester: Pusher, change: Standing): void {
    remember(this.#standings, requester.name, { ...this.#standings.get(requester.name), ...change });
  }
}

const placeOf = ({ name }: Pusher, version: number) => `${name} at ${version}`;

/** Keeps the entries that were set last. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= maxRemembered) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
