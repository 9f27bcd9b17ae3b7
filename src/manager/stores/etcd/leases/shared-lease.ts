import type { Clock } from '../../../../clock.js';
import { isLeaseGone } from '../api/etcd-errors.js';
import type { Leases } from './leases.js';

/** A lease that expires removes all its keys in one step: the limit keeps etcd responsive. */
const maxUses = 2_000;

/** How long keys are kept, in milliseconds. */
export interface Keeping {
  /** A key on the lease stays at least this long, */
  readonly atLeast: number;
  /** and at most this much longer: the time in which one lease is used for new keys. */
  readonly slack: number;
}

/** One lease for all keys written within a period, then another: nothing has to remove the keys. */
export class SharedLease {
  readonly #leases: Leases;
  readonly #clock: Clock;
  readonly #keeping: Keeping;
  #current: { readonly id: Promise<number>; readonly since: number; uses: number } | undefined;

  constructor(leases: Leases, clock: Clock, keeping: Keeping) {
    this.#leases = leases;
    this.#clock = clock;
    this.#keeping = keeping;
  }

  /** Returns the lease for the next key. */
  async next(): Promise<number> {
    const { atLeast, slack } = this.#keeping;
    const now = this.#clock.monotonic();
    let current = this.#current;
    if (current === undefined || now - current.since > slack || current.uses >= maxUses) {
      current = { id: this.#leases.grant(atLeast + slack), since: now, uses: 0 };
      this.#current = current;
    }
    current.uses += 1;
    try {
      return await current.id;
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** Runs `work` with the lease, and again with a new one if etcd does not know it any more. */
  async use<T>(work: (lease: number) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work(await this.next());
      } catch (error) {
        if (!isLeaseGone(error)) throw error;
        this.forget();
      }
    }
  }

  /** etcd does not know the lease: the next key gets a new one. */
  forget(): void {
    this.#current = undefined;
  }
}
