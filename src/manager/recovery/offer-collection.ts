/**
 * The protocol between a manager without data and nodes that had some (R11).
 *
 * Every cluster name has an epoch, even before its first version: derived from the random identity of the store, the name, and what was
 * deleted under it. A wiped store has another identity, so every epoch differs. What each side does:
 *
 *   node                                           manager, cluster has no data
 *   ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────
 *   poll without an epoch (new, legacy nodes) ──►  held, or 204 after the wait; the response carries our epoch
 *   push without offer, no data seen so far   ──►  200: the first push of a new cluster, at any version
 *   poll or push with another epoch         ──►  412, our epoch, Version: 0; the COLLECTION begins: one time to live
 *   poll with our epoch, version not 0        ──►  the store was restored from before our first version: as above, with the NEXT
 *                                                  epoch, which is kept in memory and stored with the first version
 *   any of these polls, with a token that     ──►  412 with the effective epoch; nothing begins
 *   may only read or write
 *   push with Cflux-Offer, at any epoch       ──►  503, Retry-After: what is left of the collection (which begins now if it
 *                                                  had not). NOT «Cflux-Outcome: refused»: the snapshot of the highest
 *                                                  offer is kept here and may become the data even if its node crashes
 *   the same, while the manager has no room   ──►  503, Retry-After, Cflux-Outcome: refused: certainly not stored. The collection goes
 *   for more bytes of offers                       on until the node had time to offer again
 *   push without offer during the collection  ──►  503, Retry-After, Cflux-Outcome: refused: certainly not stored
 *   poll with our epoch, version 0            ──►  held, as in any cluster without data
 *   ── the collection ends ──────────────────────  the highest offer is stored, under the mutation id it was pushed
 *                                                  with, as a version above all that was offered
 *   held polls                                ──►  200 with it
 *   the same offer again, by the chosen node  ──►  200 and the version: its mutation id is known
 *   the same offer again, by another node     ──►  409 with the snapshot (its epoch and mutation in the headers)
 *   no offer came                             ──►  pushes without offer are accepted again at once. Another epoch does not
 *                                                  begin a second collection; an offer does
 *
 * With data (another node was first, the collection is over): another epoch gets 412 and `Version: n`; an offer is a push like any other,
 * and its version (0, or one of another history) gets 409 with the data. It never overwrites.
 *
 * Order of arrival:
 *   - nodes with data first: the poll's 412 begins the collection, a new node waits for its end.
 *   - a new node first: an empty manager cannot be distinguished from a new one, so its push is accepted. Nodes that had data keep it
 *     as a backup, with an event. (Waiting one time to live before every first push would delay every new cluster.)
 *   - legacy clients first: they have no epoch, so their poll is held and their push (once, at version 0, when they open, or at their old
 *     version when something changes) is accepted; during a collection it gets 503.
 *   - several managers on one empty store: each collects separately, each with a next epoch of its own; the first to store wins, the
 *     others find its data. Therefore an offer is accepted at any epoch: the node may have got it from another manager, or from this one
 *     before a restart.
 */

import type { Deadlines } from '../../async/deadlines.js';
import type { Requester } from '../audit.js';
import { noRoomForOffer } from '../refusals.js';
import type { OfferRoom } from './offer-room.js';

/** A node's snapshot of a history that this manager does not have. */
export interface Offer {
  /** Version in that history; versions of all histories follow the clock, so the highest is the newest. */
  readonly version: number;
  readonly snapshot: Uint8Array;
  readonly mutation: string;
  readonly nodeId: number | undefined;
  readonly requester: Requester;
}

/** Milliseconds after which a node offers again if its offer was refused for lack of room; clients add jitter. */
const offerAgainAfter = 2_000;

/** The collection of offers for one cluster. */
export class OfferCollection {
  readonly #deadlines: Deadlines;
  readonly #duration: number;
  readonly #now: () => number;
  readonly #room: OfferRoom;
  readonly #end: () => void;
  /** When it ends, unless an offer lacks room. */
  #due = Number.POSITIVE_INFINITY;
  #until: number | undefined;
  #cancel: (() => void) | undefined;
  #best: Offer | undefined;
  #highest = 0;

  constructor(
    deadlines: Deadlines,
    options: {
      readonly duration: number;
      readonly now: () => number;
      readonly room: OfferRoom;
      readonly end: () => void;
    },
  ) {
    this.#deadlines = deadlines;
    this.#duration = options.duration;
    this.#now = options.now;
    this.#room = options.room;
    this.#end = options.end;
  }

  /** The best offer so far; undefined if none came. */
  get best(): Offer | undefined {
    return this.#best;
  }

  /** The highest version that any node had. */
  get highest(): number {
    return this.#highest;
  }

  /** Milliseconds until the collection ends; undefined if none has begun. */
  get remaining(): number | undefined {
    return this.#until === undefined ? undefined : Math.max(0, this.#until - this.#now());
  }

  /** A node had data of another history, at `version`. */
  meet(version: number): void {
    this.#highest = Math.max(this.#highest, version);
    if (this.#until !== undefined) return;
    this.#due = this.#now() + this.#duration;
    this.endIn(this.#duration);
  }

  /**
   * Keeps the highest offer; the last one of the same node, because the node will repeat the push with its mutation id.
   *
   * @throws `UNAVAILABLE`: it would be kept, but there is no room. The collection waits for the node to offer it again.
   */
  add(offer: Offer): void {
    this.meet(offer.version);
    if (!this.#isBest(offer)) return;
    const mayUseReserve = this.#now() >= this.#due;
    const place = this.#room.exchange(this, offer.snapshot.byteLength, mayUseReserve);
    if (place === undefined) {
      this.endIn(Math.max(this.remaining ?? 0, offerAgainAfter + this.#duration));
      throw noRoomForOffer(offerAgainAfter);
    }
    this.#best = offer;
    // Long enough for another refused node to offer a higher version.
    if (place === 'reserve') this.endIn(Math.min(this.remaining ?? 0, 2 * offerAgainAfter));
  }

  /** Ends the collection `ms` milliseconds from now. */
  endIn(ms: number): void {
    this.#cancel?.();
    this.#until = this.#now() + ms;
    this.#cancel = this.#deadlines.add(ms, this.#end);
  }

  close(): void {
    this.#cancel?.();
    this.#room.release(this);
    this.#best = undefined;
  }

  #isBest({ version, nodeId }: Offer): boolean {
    const best = this.#best;
    if (best === undefined || version > best.version) return true;
    return version === best.version && nodeId !== undefined && nodeId === best.nodeId;
  }
}
