/**
 * What happens when a manager without data meets nodes that had some (R11).
 *
 * Every cluster name has an epoch, also before its first version: a random identity of the store, the name, and what was
 * deleted under it. A wiped store has another identity, so every epoch is another one. What each side sees:
 *
 *   node                                           manager, cluster has no data
 *   ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────
 *   poll without an epoch (new nodes, 2016)   ──►  held, or 204 after the wait; the answer carries our epoch
 *   push without offer, nobody had data yet   ──►  200: the first push of a new cluster, at any version
 *   poll or push with another epoch         ──►  412, our epoch, Version: 0; the COLLECTION begins: one time to live
 *   poll with our epoch, version not 0        ──►  the store was restored from before our first version: as above, with the NEXT
 *                                                  epoch, which is kept in memory and stored with the first version
 *   any of these polls, with a token that     ──►  412 with the epoch that counts; nothing begins
 *   may only read or write
 *   push with Cflux-Offer, at any epoch       ──►  503, Retry-After: what is left of the collection (which begins now if it
 *                                                  had not). NOT «Cflux-Outcome: refused»: the snapshot of the highest
 *                                                  offer is kept here and may become the data even if its node dies
 *   the same, while the manager keeps as many  ──►  503, Retry-After, Cflux-Outcome: refused: certainly not stored. The collection goes
 *   bytes of offers as it may                      on until the node had its time to offer again
 *   push without offer during the collection  ──►  503, Retry-After, Cflux-Outcome: refused: certainly not stored
 *   poll with our epoch, version 0            ──►  held, as in any cluster without data
 *   ── the collection ends ──────────────────────  the highest offer is stored, under the mutation id it was pushed
 *                                                  with, as a version above all that was offered
 *   held polls                                ──►  200 with it
 *   the same offer again, of the node chosen  ──►  200 and the version: its mutation id is known
 *   the same offer again, of another node     ──►  409 with the snapshot (its epoch and mutation in the headers)
 *   no offer came                             ──►  pushes without offer are taken again, at once. Another epoch does not
 *                                                  begin a second collection; an offer does
 *
 * With data (someone was first, the collection is over): another epoch gets 412 and `Version: n`; an offer is a push like
 * any other, and its version (0, or one of another history) meets 409 with the data. It never overwrites.
 *
 * Who comes first:
 *   - old nodes first: the poll's 412 begins the collection, whoever joins fresh meanwhile waits for its end.
 *   - a fresh node first: nothing tells an empty manager from a new one, so its push is taken. Nodes that had data keep it as a
 *     backup, with an event. (Waiting one time to live before every first push would make every new cluster wait.)
 *   - legacy clients first: they have no epoch, so their poll is held and their push (which they make once, at version 0,
 *     when they open, or at their old version when something changes) is taken; during a collection it gets 503.
 *   - several managers on one empty store collect each for themselves, each with a next epoch of its own; the first to store wins, the
 *     others meet its data. Therefore an offer is taken at any epoch: another manager may have told it to the node, or this one
 *     before it was restarted.
 */

import type { Deadlines } from '../../async/deadlines.js';
import type { Requester } from '../audit.js';
import { noRoomForOffer } from '../refusals.js';
import type { OfferRoom } from './offer-room.js';

/** A node's snapshot of a history that this manager does not have. */
export interface Offer {
  /** Version in that history; versions of all histories follow the time, so the highest is the newest. */
  readonly version: number;
  readonly snapshot: Uint8Array;
  readonly mutation: string;
  readonly nodeId: number | undefined;
  readonly requester: Requester;
}

/** Milliseconds after which a node whose offer was refused for want of room offers again; clients spread them. */
const offerAgainAfter = 2_000;

/** The collection of offers for one cluster. */
export class OfferCollection {
  readonly #deadlines: Deadlines;
  readonly #duration: number;
  readonly #now: () => number;
  readonly #room: OfferRoom;
  readonly #end: () => void;
  /** When it is over if no offer lacks room. */
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

  /** The offer that is kept; absent: none came. */
  get best(): Offer | undefined {
    return this.#best;
  }

  /** The highest version that anybody had. */
  get highest(): number {
    return this.#highest;
  }

  /** Milliseconds until the collection ends; absent: none has begun. */
  get remaining(): number | undefined {
    return this.#until === undefined ? undefined : Math.max(0, this.#until - this.#now());
  }

  /** Somebody had data of another history. */
  meet(version: number): void {
    this.#highest = Math.max(this.#highest, version);
    if (this.#until !== undefined) return;
    this.#due = this.#now() + this.#duration;
    this.endIn(this.#duration);
  }

  /**
   * Keeps the highest; of one node the last, for that is the mutation id it will ask with again.
   *
   * @throws `UNAVAILABLE`: it would be kept, and there is no room for it. The collection waits for the node to offer it again.
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
    // Long enough for another node that was refused to come with more.
    if (place === 'reserve') this.endIn(Math.min(this.remaining ?? 0, 2 * offerAgainAfter));
  }

  /** The collection ends in `ms` milliseconds from now. */
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
