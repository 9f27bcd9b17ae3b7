import type { Requester } from '../audit.js';
import { tooManyPolls, tooManyPollsOfConnection, tooManyPollsOfOwner } from '../refusals.js';
import { partyOf, Shares, type Use } from '../shares.js';

/** The owner of a held poll. */
export interface PollHolder {
  /** Absent if it does not count. */
  readonly cluster?: string;
  readonly requester: Requester;
  /** The connection of the poll, if it has one. */
  readonly connection?: object | undefined;
}

/** A client has one poll at a time. A pipelining proxy may combine a few on one connection. */
const maxOfConnection = 4;

/** Limits the held polls: in total, per cluster, per party, and per connection (R24). */
export class PollSlots {
  readonly #most: number;
  readonly #shares: Shares;
  readonly #connections = new WeakMap<object, number>();

  constructor(most: number) {
    this.#most = most;
    this.#shares = new Shares(most);
  }

  /** Number of polls that are held now. */
  get taken(): number {
    return this.#shares.taken;
  }

  /**
   * Takes a slot; the returned function releases it, and must be called once.
   *
   * @throws `TOO_MANY_REQUESTS`.
   */
  take({ cluster, requester, connection }: PollHolder): () => void {
    const ofConnection = connection && (this.#connections.get(connection) ?? 0);
    if (ofConnection !== undefined && ofConnection >= maxOfConnection) {
      throw tooManyPollsOfConnection(maxOfConnection);
    }
    const use: Use = { owners: { cluster, party: partyOf(requester) }, amount: 0 };
    if (!this.#shares.take(use, 1)) {
      throw this.taken >= this.#most ? tooManyPolls() : tooManyPollsOfOwner();
    }
    this.#count(connection, 1);
    return () => {
      this.#shares.release(use);
      this.#count(connection, -1);
    };
  }

  #count(connection: object | undefined, change: number): void {
    if (connection) this.#connections.set(connection, (this.#connections.get(connection) ?? 0) + change);
  }
}
