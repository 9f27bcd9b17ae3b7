import type { Deadlines } from '../../async/deadlines.js';
import { onAbort } from '../../async/on-abort.js';
import { type ExpiryClock, expireAfter } from './expiry.js';
import type { ManagerPushResult } from './manager-push.js';
import type { Contender, Pusher } from './pusher.js';
import { type Reservation, Reservations } from './reservations.js';

interface Waiting {
  readonly admit: () => void;
  readonly refuse: (reason: unknown) => void;
}

interface Held extends Reservation {
  readonly since: number;
  readonly cancel: () => void;
}

/**
 * Admits the pushes to one cluster, one at a time and in order of arrival (R26).
 *
 *     push ──► [ queue ] ──► admitted ──► committed ────────────────────► next in the queue
 *                 ▲             │
 *                 │             └─ conflict (409) ──► reservation, if one is granted: only the loser's next push from the
 *                 └────── others wait ─────────────── version that it was shown is admitted, until the reservation ends
 *
 * A push that waits in the queue is compared when it is admitted: if it loses, the snapshot it gets is the newest,
 * and stays the newest until its next push. So a change conflicts once, however many nodes write.
 */
export class PushAdmission {
  readonly #monotonic: () => number;
  readonly #clock: ExpiryClock;
  readonly #reservations: Reservations;
  readonly #queue = new Set<Waiting>();
  #busy = false;
  #held: Held | undefined;
  /** The reservation in which the current push was admitted, and how long it had lasted by then. */
  #used: { readonly reservation: Reservation; readonly lasted: number } | undefined;

  constructor(
    deadlines: Deadlines,
    { conflictHold, monotonic }: { conflictHold: number; monotonic: () => number },
  ) {
    this.#monotonic = monotonic;
    this.#clock = { monotonic, after: (ms, callback) => deadlines.add(ms, callback) };
    this.#reservations = new Reservations(conflictHold);
  }

  /** Number of pushes that wait. */
  get length(): number {
    return this.#queue.size;
  }

  get isIdle(): boolean {
    return !this.#busy && this.#held === undefined && this.#queue.size === 0;
  }

  /**
   * Resolves when the push is admitted, with the contender that it is taken for; then `leave` must be called with that. Rejects with the
   * signal's reason.
   */
  async enter(arriving: Contender, signal?: AbortSignal): Promise<Contender> {
    signal?.throwIfAborted();
    const contender = this.#reservations.identify(arriving);
    this.#arrive(contender);
    if (!this.#busy && this.#held === undefined) {
      this.#busy = true;
      return contender;
    }
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        admit() {
          unsubscribe();
          resolve();
        },
        refuse(reason) {
          unsubscribe();
          reject(reason);
        },
      };
      this.#queue.add(waiting);
      const unsubscribe = onAbort(signal, (reason) => {
        this.#queue.delete(waiting);
        reject(reason);
      });
    });
    return contender;
  }

  /** The push is done; `result` is undefined if it failed. */
  leave(contender: Contender, result?: ManagerPushResult): void {
    const now = this.#monotonic();
    const used = this.#used;
    this.#busy = false;
    this.#used = undefined;
    if (result?.kind === 'committed') this.#reservations.committed(contender, result.version);
    else if (used !== undefined) this.#reservations.waste(used.reservation, used.lasted, now);
    const ms = result?.kind === 'conflict' ? this.#reservations.grant(contender, result.version, now) : 0;
    if (result?.kind === 'conflict' && ms > 0) this.#hold(contender.requester, result.version, ms);
    else this.#next();
  }

  /** The requester has nothing to push after all: ends its reservation. */
  yield({ name }: Pusher): void {
    if (this.#held?.requester.name !== name) return;
    const { reservation, lasted } = this.#release(this.#held);
    this.#reservations.givenUp(reservation, lasted, this.#monotonic());
    this.#next();
  }

  /** Refuses every waiting push. */
  close(reason: unknown): void {
    this.#held?.cancel();
    this.#held = undefined;
    for (const waiting of this.#queue) waiting.refuse(reason);
    this.#queue.clear();
  }

  /**
   * Ends the reservation if this push concerns it: to admit the push, or because its requester did not adopt the version it was shown.
   */
  #arrive(contender: Contender): void {
    const { requester, base } = contender;
    const held = this.#held;
    this.#reservations.arrived(contender, this.#monotonic());
    if (held?.requester.name !== requester.name) return;
    if (base >= held.shown) this.#used = this.#release(held);
    // If several clients share one name, this may be another client than the reservation is for.
    else if (!requester.isShared) this.#waste(held);
  }

  #hold(requester: Pusher, shown: number, ms: number): void {
    const held: Held = {
      requester,
      shown,
      since: this.#monotonic(),
      cancel: expireAfter(this.#clock, ms, () => this.#waste(held)),
    };
    this.#held = held;
  }

  #waste(held: Held): void {
    const { reservation, lasted } = this.#release(held);
    this.#reservations.waste(reservation, lasted, this.#monotonic());
    this.#next();
  }

  #release(held: Held) {
    held.cancel();
    this.#held = undefined;
    return { reservation: held, lasted: this.#monotonic() - held.since };
  }

  #next(): void {
    for (const waiting of this.#queue) {
      this.#queue.delete(waiting);
      this.#busy = true;
      waiting.admit();
      return;
    }
  }
}
