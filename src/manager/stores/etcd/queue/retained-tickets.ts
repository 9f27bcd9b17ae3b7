import type { Clock } from '../../../../clock.js';
import { type ExpiryClock, expireAfter } from '../../../pushes/expiry.js';
import type { Pusher } from '../../../pushes/pusher.js';
import { etcd } from '../api/methods.js';
import type { EtcdConnection } from '../connect/connection.js';
import { encodeTicket, type RecordedReservation, type TicketRecord } from './ticket-record.js';

/** A ticket to retain for the next push of `requester`. */
export interface TicketToRetain {
  readonly cluster: string;
  readonly key: string;
  /** The current revision of the ticket: a later one means that its requester has come, to any manager. */
  readonly modRevision: number;
  readonly requester: Pusher;
  readonly shown: number;
}

interface Kept extends TicketToRetain {
  modRevision: number;
  /** When it began, by the monotonic clock. */
  readonly begun: number;
  /** Settles when the last keep-alive is written. */
  signing: Promise<void>;
  cancelSign: () => void;
  cancelEnd: () => void;
}

/**
 * The tickets that this manager retains for requesters that lost a conflict. It keeps them alive for the other managers, and when no push
 * comes it records that the reservation was wasted, and removes the ticket.
 */
export class RetainedTickets {
  readonly #connection: EtcdConnection;
  readonly #clock: Clock;
  readonly #expiry: ExpiryClock;
  readonly #by: string;
  readonly #signInterval: number;
  readonly #onWasted: (place: TicketToRetain, lasted: number) => void;
  readonly #places = new Map<string, Kept>();
  /** Cancels the wait for the retry of a failed push, by ticket key. */
  readonly #retries = new Map<string, () => void>();

  constructor(
    connection: EtcdConnection,
    clock: Clock,
    options: {
      /** This manager. */
      readonly by: string;
      /** Milliseconds between two keep-alives. */
      readonly keepAliveInterval: number;
      /** A reservation ended without a push, after `lasted` milliseconds. */
      readonly onWasted: (place: TicketToRetain, lasted: number) => void;
    },
  ) {
    this.#connection = connection;
    this.#clock = clock;
    this.#expiry = {
      monotonic: () => clock.monotonic(),
      after: (ms, callback) => clock.after(ms, callback),
    };
    this.#by = options.by;
    this.#signInterval = options.keepAliveInterval;
    this.#onWasted = options.onWasted;
  }

  has(key: string): boolean {
    return this.#places.has(key) || this.#retries.has(key);
  }

  /** Returns the ticket that is retained for a requester. */
  of(cluster: string, { name }: Pusher): TicketToRetain | undefined {
    for (const kept of this.#places.values()) {
      if (kept.cluster === cluster && kept.requester.name === name) return kept;
    }
    return undefined;
  }

  /** Retains a ticket for `ms` milliseconds. */
  keep(place: TicketToRetain, ms: number): void {
    this.drop(place.key);
    const kept: Kept = {
      ...place,
      begun: this.#clock.monotonic(),
      signing: Promise.resolve(),
      cancelSign: () => {},
      cancelEnd: expireAfter(this.#expiry, ms, () => void this.#waste(kept)),
    };
    this.#places.set(place.key, kept);
    this.#signLater(kept);
  }

  /** Calls `onEnd` after `ms` milliseconds, unless the ticket is taken before. */
  keepForRetry(key: string, ms: number, onEnd: () => void): void {
    this.drop(key);
    this.#retries.set(key, this.#clock.after(ms, onEnd));
  }

  /** Its requester has come. Returns the reservation in which it came. */
  take(key: string): RecordedReservation | undefined {
    const kept = this.#places.get(key);
    this.drop(key);
    return kept && this.#reservationOf(kept);
  }

  /** Stops retaining the ticket. */
  drop(key: string): void {
    const kept = this.#places.get(key);
    kept?.cancelEnd();
    kept?.cancelSign();
    this.#places.delete(key);
    this.#retries.get(key)?.();
    this.#retries.delete(key);
  }

  close(): void {
    for (const key of [...this.#places.keys(), ...this.#retries.keys()]) this.drop(key);
  }

  #signLater(kept: Kept): void {
    kept.cancelSign = this.#clock.after(this.#signInterval, () => {
      kept.signing = this.#sign(kept);
    });
  }

  async #sign(kept: Kept): Promise<void> {
    const isHere = await this.#write(kept, { kept: this.#reservationOf(kept) });
    if (this.#places.get(kept.key) !== kept) return;
    if (isHere) this.#signLater(kept);
    else this.drop(kept.key);
  }

  async #waste(kept: Kept): Promise<void> {
    this.drop(kept.key);
    await kept.signing;
    const wasted = this.#reservationOf(kept);
    if (!(await this.#write(kept, { wasted }))) return;
    this.#onWasted(kept, wasted.since);
    const { key, modRevision } = kept;
    const removal = { compare: [{ key, modRevision }], success: [{ deleteKey: key }] };
    // Other pushes pass over a ticket that cannot be removed.
    await this.#connection.call(etcd.txn, removal).catch(() => {});
  }

  /** Writes into the ticket. Returns `false` if it was changed, or etcd is unreachable. */
  async #write(kept: Kept, note: Omit<TicketRecord, 'by'>): Promise<boolean> {
    const { key, modRevision } = kept;
    const value = encodeTicket({ by: this.#by, ...note });
    try {
      const { succeeded, revision } = await this.#connection.call(etcd.txn, {
        compare: [{ key, modRevision }],
        success: [{ put: key, value }],
      });
      if (succeeded) kept.modRevision = revision;
      return succeeded;
    } catch {
      return false;
    }
  }

  #reservationOf({ requester, shown, begun }: Kept): RecordedReservation {
    return { requester, shown, since: this.#clock.monotonic() - begun };
  }
}
