import type { Deadlines } from '../../async/deadlines.js';
import { onAbort } from '../../async/on-abort.js';
import { type ExpiryClock, expireAfter } from './expiry.js';
import type { ManagerPushResult } from './manager-push.js';
import type { Contender, Pusher } from './pusher.js';
import { type Reservation, Reservations } from './reservations.js';
import { Runs } from './runs.js';

interface Waiting {
  readonly contender: Contender;
  readonly since: number;
  readonly admit: () => void;
  readonly refuse: (reason: unknown) => void;
}

interface Held extends Reservation {
  readonly since: number;
  readonly cancel: () => void;
}

/** The queue waits for the next push of a run: any push that is made from version `stored`. */
interface Awaited {
  readonly stored: number;
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
 *
 * After a commit of a legacy client the next in the queue is admitted a little later if that client is known to push again at once, and
 * only other legacy clients wait (runs.ts): a push from the version just stored is admitted first, and conflicts with nothing.
 */
export class PushAdmission {
  readonly #monotonic: () => number;
  readonly #clock: ExpiryClock;
  readonly #reservations: Reservations;
  readonly #runs: Runs | undefined;
  readonly #queue = new Set<Waiting>();
  #busy = false;
  #held: Held | undefined;
  #awaited: Awaited | undefined;
  /** The reservation in which the current push was admitted, and how long it had lasted by then. */
  #used: { readonly reservation: Reservation; readonly lasted: number } | undefined;

  constructor(
    deadlines: Deadlines,
    { conflictHold, monotonic }: { conflictHold: number; monotonic: () => number },
  ) {
    this.#monotonic = monotonic;
    this.#clock = { monotonic, after: (ms, callback) => deadlines.add(ms, callback) };
    this.#reservations = new Reservations(conflictHold);
    this.#runs = conflictHold > 0 ? new Runs() : undefined;
  }

  /** Number of pushes that wait. */
  get length(): number {
    return this.#queue.size;
  }

  get isIdle(): boolean {
    return !this.#busy && this.#held === undefined && this.#awaited === undefined && this.#queue.size === 0;
  }

  /**
   * Resolves when the push is admitted, with the contender that it is taken for; then `leave` must be called with that. Rejects with the
   * signal's reason.
   */
  async enter(arriving: Contender, signal?: AbortSignal): Promise<Contender> {
    signal?.throwIfAborted();
    const contender = this.#reservations.identify(arriving);
    this.#arrive(contender);
    if (!this.#busy && this.#held === undefined && this.#awaited === undefined) {
      this.#busy = true;
      return contender;
    }
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        contender,
        since: this.#monotonic(),
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
    else if (result?.kind === 'committed') this.#stored(contender, result.version, now);
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
    this.#awaited?.cancel();
    this.#awaited = undefined;
    for (const waiting of this.#queue) waiting.refuse(reason);
    this.#queue.clear();
  }

  /**
   * Ends what the queue waits for if this push concerns it: to admit the push, or because its requester did not adopt the version it was
   * shown, or because a node does not wait for a run.
   */
  #arrive(contender: Contender): void {
    const now = this.#monotonic();
    const { requester, base } = contender;
    const held = this.#held;
    const awaited = this.#awaited;
    this.#reservations.arrived(contender, now);
    this.#runs?.arrived(contender, now);
    if (awaited?.stored === base) this.#stopAwaiting(awaited);
    else if (awaited !== undefined && requester.address === undefined) this.#endRun(awaited);
    if (held?.requester.name !== requester.name) return;
    if (base >= held.shown) this.#used = this.#release(held);
    // If several clients share one name, this may be another client than the reservation is for.
    else if (!requester.isShared) this.#waste(held);
  }

  /** A version was stored: its requester may store more versions in a run, before the waiting pushes. */
  #stored(contender: Contender, stored: number, now: number): void {
    this.#runs?.committed(contender, stored, now);
    const ms = this.#runs?.awaited(contender, this.#delay) ?? 0;
    if (ms === 0) {
      this.#next();
      return;
    }
    const awaited: Awaited = {
      stored,
      cancel: expireAfter(this.#clock, ms, () => {
        this.#runs?.missed(contender);
        this.#endRun(awaited);
      }),
    };
    this.#awaited = awaited;
  }

  #stopAwaiting({ cancel }: Awaited): void {
    cancel();
    this.#awaited = undefined;
  }

  #endRun(awaited: Awaited): void {
    this.#stopAwaiting(awaited);
    this.#next();
  }

  /** Milliseconds that the first push in the queue has waited; only legacy clients wait for a run. */
  get #delay(): number {
    let first: Waiting | undefined;
    for (const waiting of this.#queue) {
      if (waiting.contender.requester.address === undefined) return Number.POSITIVE_INFINITY;
      first ??= waiting;
    }
    return first === undefined ? Number.POSITIVE_INFINITY : this.#monotonic() - first.since;
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
