import type { Random } from '../../../../random.js';
import { isLeaseTaken } from '../api/etcd-errors.js';
import { etcd } from '../api/methods.js';
import type { EtcdConnection } from '../connect/connection.js';

/** Leases that nobody renews: etcd removes what is on one when its time is over. After an election it has its whole time again. */
export class Leases {
  readonly #connection: EtcdConnection;
  readonly #random: Random;

  constructor(connection: EtcdConnection, random: Random) {
    this.#connection = connection;
    this.#random = random;
  }

  /** The id of a new lease, of `ms` rounded up to whole seconds; etcd itself makes at least two of them. */
  async grant(ms: number): Promise<number> {
    // Numbers are exact up to there.
    const id = Math.floor(this.#random() * 2 ** 52) + 1;
    try {
      await this.#connection.call(etcd.leaseGrant, { id, ttl: Math.max(2, Math.ceil(ms / 1000)) });
    } catch (error) {
      // By an earlier attempt, whose answer was lost.
      if (!isLeaseTaken(error)) throw error;
    }
    return id;
  }
}
