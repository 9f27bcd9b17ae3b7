import { RecentMap } from '../../recent-map.js';
import { atAddress, type Contender, mayBeSame, type Pusher } from './pusher.js';

/** Default reservation for a requester that is not known to be slow, in milliseconds. */
export const defaultConflictHold = 250;
/** The longest reservation, in milliseconds, even for a slow requester. */
const maxReservation = 2_000;
/** Number of requesters, and of versions shown to them, that are remembered for one cluster. */
export const maxRemembered = 1_000;
/** Within any `window` milliseconds, reservations that ended without a commit take at most `budget`. */
const window = 10_000;
const budget = window / 2;

/** A reservation: other pushes wait for the next push of `requester`, which was shown version `shown`. */
export interface Reservation {
  readonly requester: Pusher;
  readonly shown: number;
}

/** What is known about a requester. */
interface Standing {
  /** Milliseconds from its last conflict to the arrival of its next push. */
  readonly delivery?: number;
  /** The version that it was shown when it wasted its last reservation. */
  readonly floor?: number;
  /** It wasted its last reservation. */
  readonly isWasteful?: boolean;
}

/**
 * Decides which requester gets a reservation after a conflict, and for how long (R26). It has no clock: the time is an argument of each
 * call, in milliseconds of a monotonic clock.
 *
 * A correct client next pushes from the version that it was shown. A client that does not, or is too late, wastes its reservation, and
 * gets another only for a push from that version or a later one. So a client that cannot adopt what it is shown (full disk, stale base,
 * endless retries) delays the others once, and a slow one gets a reservation of the length that it needs.
 */
export class Reservations {
  readonly #conflictHold: number;
  readonly #standings = new RecentMap<string, Standing>(maxRemembered);
  /** The versions that were shown to requesters, and when, if the delivery is to be measured. Oldest first. */
  readonly #shownAt = new RecentMap<string, Reservation & { readonly at?: number }>(maxRemembered);
  /** The version that was stored last, and the name under which it was pushed. */
  #stored: { readonly version: number; readonly by: string } | undefined;
  /** Oldest first. */
  #wasted: { readonly until: number; readonly lasted: number }[] = [];

  /** @param conflictHold milliseconds of a reservation for a requester that is not known to be slower; 0 disables reservations */
  constructor(conflictHold: number = defaultConflictHold) {
    this.#conflictHold = conflictHold;
  }

  /** A requester was shown version `shown` in a conflict. */
  shown({ requester, shown }: Reservation, now: number): void {
    this.#shownAt.renew(shownKey(requester, shown), { requester, shown, at: now });
  }

  /**
   * A client whose pushes do not identify it may use another connection for its next push: one that is made from the version that was
   * just shown at the same address is taken for that. It is not if the sender has the version for another reason, because it pushed it.
   */
  identify(contender: Contender): Contender {
    const { requester: sender, base } = contender;
    if (sender.address === undefined || this.#shownAt.has(shownKey(sender, base))) return contender;
    if (!sender.isShared && this.#stored?.version === base && this.#stored.by === sender.name)
      return contender;
    let requester: Pusher | undefined;
    for (const each of this.#shownAt.values()) {
      if (each.shown === base && mayBeSame(sender, each.requester)) requester = each.requester;
    }
    return requester === undefined ? contender : { requester, base, sender };
  }

  /** A push has arrived, with its complete body. */
  arrived({ requester, base }: Contender, now: number): void {
    const place = shownKey(requester, base);
    const shown = this.#shownAt.get(place);
    if (shown === undefined) return;
    this.#shownAt.delete(place);
    const { name, address } = requester;
    // A legacy client gives up after a few conflicts: one that is only late is not treated like one that ignores what it is shown.
    if (address !== undefined) this.#note(name, { isWasteful: false });
    if (shown.at === undefined) return;
    const delivery = now - shown.at;
    this.#note(name, { delivery });
    if (address !== undefined) this.#note(atAddress(address), { delivery });
  }

  /**
   * Called when the push lost to version `shown`. Returns for how many milliseconds others wait for the requester's next push; 0 for not
   * at all.
   */
  grant({ requester, base }: Contender, shown: number, now: number): number {
    if (this.#conflictHold <= 0) return 0;
    this.shown({ requester, shown }, now);
    const { floor = 0, isWasteful = false } = this.#standings.get(requester.name) ?? {};
    const delivery = this.#deliveryOf(requester);
    // Versions below the floor are assigned again if the manager's data was restored from a backup.
    if (base < floor && floor <= shown) return 0;
    const wanted = Math.min(maxReservation, Math.max(this.#conflictHold, 2 * delivery));
    const left = budget - this.#wastedAt(now);
    // Half of what is left, so that many requesters that turn bad at once leave some budget for the others; the second half of the budget
    // is not available to requesters that wasted their last reservation.
    const most = isWasteful ? left - budget / 2 : left / 2;
    return Math.max(0, Math.floor(Math.min(wanted, most)));
  }

  /** The push was stored as `version`. */
  committed({ requester, sender = requester }: Contender, version: number): void {
    this.#stored = { version, by: sender.name };
    if (this.#standings.get(requester.name)?.isWasteful) this.#note(requester.name, { isWasteful: false });
  }

  /** Its requester polled for versions after the one it was shown: it has nothing to push. */
  givenUp({ requester, shown }: Reservation, lasted: number, now: number): void {
    this.#shownAt.delete(shownKey(requester, shown));
    this.#spend(lasted, now);
  }

  /** The reservation ended after `lasted` milliseconds without a commit. */
  waste({ requester, shown }: Reservation, lasted: number, now: number): void {
    // After wasting a long reservation a requester counts as fast until it is measured again; otherwise each would be twice the last.
    const isLong = lasted >= 2 * this.#conflictHold;
    if (isLong) this.#shownAt.renew(shownKey(requester, shown), { requester, shown });
    this.#note(requester.name, { floor: shown, isWasteful: true, ...(isLong ? { delivery: 0 } : {}) });
    this.#spend(lasted, now);
  }

  #spend(lasted: number, now: number): void {
    this.#wasted.push({ until: now, lasted: Math.min(lasted, maxReservation) });
  }

  #wastedAt(now: number): number {
    const from = now - window;
    this.#wasted = this.#wasted.filter(({ until }) => until > from);
    return this.#wasted.reduce((sum, { until, lasted }) => sum + Math.min(lasted, until - from), 0);
  }

  /** A client that is not known on this connection is as slow as the last one at its address: it may be the same. */
  #deliveryOf({ name, address }: Pusher): number {
    const known = this.#standings.get(name)?.delivery;
    if (known !== undefined || address === undefined) return known ?? 0;
    return this.#standings.get(atAddress(address))?.delivery ?? 0;
  }

  #note(name: string, change: Standing): void {
    this.#standings.renew(name, { ...this.#standings.get(name), ...change });
  }
}

const shownKey = ({ name }: Pusher, version: number) => `${name} at ${version}`;
