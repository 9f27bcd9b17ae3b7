import type { Clock } from '../../../../clock.js';
import type { Pusher } from '../../../pushes/pusher.js';
import { etcd } from '../api/methods.js';
import type { EtcdConnection } from '../connect/connection.js';
import { encodeTicket, type RecordedReservation, type TicketRecord } from './ticket-record.js';

/** A place that is to be kept for the next push of `requester`. */
export interface TicketToRetain {
  readonly cluster: string;
  readonly key: string;
  /** The place as it stands: a later revision means that its requester came, to whichever manager. */
  readonly modRevision: number;
  readonly requester: Pusher;
  readonly shown: number;
}

interface Kept extends TicketToRetain {
  modRevision: number;
  /** By the monotonic clock. */
  readonly begun: number;
  /** The last sign is written. */
  signing: Promise<void>;
  cancelSign: () => void;
  cancelEnd: () => void;
}

/**
 * The places that this manager keeps for requesters that it answered with a conflict. It shows the others that they are kept, and when
 * nobody comes it tells that the reservation was wasted, and gives the place up.
 */
export class RetainedTickets {
  readonly #connection: EtcdConnection;
  readonly #clock: Clock;
  readonly #by: string;
  readonly #signInterval: number;
  readonly #onWasted: (place: TicketToRetain, lasted: number) => void;
  readonly #places = new Map<string, Kept>();
  /** Ends the wait for a push that failed to come again, by the key of its place. */
  readonly #retries = new Map<string, () => void>();

  constructor(
    connection: EtcdConnection,
    clock: Clock,
    options: {
      /** This manager. */
      readonly by: string;
      /** Milliseconds between two signs. */
      readonly signInterval: number;
      /** A reservation ended without a push, after `lasted` milliseconds. */
      readonly onWasted: (place: TicketToRetain, lasted: number) => void;
    },
  ) {
    this.#connection = connection;
    this.#clock = clock;
    this.#by = options.by;
    this.#signInterval = options.signInterval;
    this.#onWasted = options.onWasted;
  }

  has(key: string): boolean {
    return this.#places.has(key) || this.#retries.has(key);
  }

  /** The place that is kept for a requester. */
  of(cluster: string, { name }: Pusher): TicketToRetain | undefined {
    for (const kept of this.#places.values()) {
      if (kept.cluster === cluster && kept.requester.name === name) return kept;
    }
    return undefined;
  }

  /** Keeps a place for `ms` milliseconds. */
  keep(place: TicketToRetain, ms: number): void {
    this.drop(place.key);
    const kept: Kept = {
      ...place,
      begun: this.#clock.monotonic(),
      signing: Promise.resolve(),
      cancelSign: () => {},
      cancelEnd: this.#clock.after(ms, () => void this.#waste(kept)),
    };
    this.#places.set(place.key, kept);
    this.#signLater(kept);
  }

  /** Calls `onEnd` after `ms` milliseconds, unless the place is taken before. */
  keepForRetry(key: string, ms: number, onEnd: () => void): void {
    this.drop(key);
    this.#retries.set(key, this.#clock.after(ms, onEnd));
  }

  /** Its requester has come. Answers the reservation in which it did. */
  take(key: string): RecordedReservation | undefined {
    const kept = this.#places.get(key);
    this.drop(key);
    return kept && this.#reservationOf(kept);
  }

  /** It is not kept any more. */
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
    // Whoever waits loses patience with what can not be removed.
    await this.#connection.call(etcd.txn, removal).catch(() => {});
  }

  /** Writes into the place. `false`: it is not as it was, or etcd can not be reached. */
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
