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

/** Number of polls that a connection holds now. */
interface HeldOfConnection {
  polls: number;
}

/** Limits the held polls: in total, per cluster, per party, and per connection (R24). */
export class PollSlots {
  readonly #most: number;
  readonly #shares: Shares;
  readonly #connections = new WeakMap<object, HeldOfConnection>();

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
    const ofConnection = this.#of(connection);
    if (ofConnection.polls >= maxOfConnection) throw tooManyPollsOfConnection(maxOfConnection);
    const use: Use = { owners: { cluster, party: partyOf(requester) }, amount: 0 };
    if (!this.#shares.take(use, 1)) {
      throw this.taken >= this.#most ? tooManyPolls() : tooManyPollsOfOwner();
    }
    ofConnection.polls += 1;
    return () => {
      this.#shares.release(use);
      ofConnection.polls -= 1;
    };
  }

  #of(connection: object | undefined): HeldOfConnection {
    const known = connection && this.#connections.get(connection);
    if (known !== undefined) return known;
    const held = { polls: 0 };
    if (connection !== undefined) this.#connections.set(connection, held);
    return held;
  }
}
