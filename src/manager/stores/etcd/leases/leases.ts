import type { Random } from '../../../../random.js';
import { isLeaseTaken } from '../api/etcd-errors.js';
import { etcd } from '../api/methods.js';
import type { EtcdConnection } from '../connect/connection.js';

/** Leases that are not renewed: etcd removes their keys when they expire. After an election a lease starts again with its whole time. */
export class Leases {
  readonly #connection: EtcdConnection;
  readonly #random: Random;

  constructor(connection: EtcdConnection, random: Random) {
    this.#connection = connection;
    this.#random = random;
  }

  /** Creates a lease of `ms` rounded up to whole seconds, and returns its id; etcd's minimum is two seconds. */
  async grant(ms: number): Promise<number> {
    // Numbers are exact up to 2^53.
    const id = Math.floor(this.#random() * 2 ** 52) + 1;
    try {
      await this.#connection.call(etcd.leaseGrant, { id, ttl: Math.max(2, Math.ceil(ms / 1000)) });
    } catch (error) {
      // Taken by an earlier attempt whose response was lost.
      if (!isLeaseTaken(error)) throw error;
    }
    return id;
  }
}
