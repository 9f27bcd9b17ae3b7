import type { Clock } from '../../../../clock.js';
import { isLeaseGone } from '../api/etcd-errors.js';
import type { Leases } from './leases.js';

/** A lease that ends takes everything on it along in one step: not so much that etcd would stand still. */
const maxUses = 2_000;

/** How long things are kept, in milliseconds. */
export interface Keeping {
  /** What is put on the lease stays at least so long … */
  readonly atLeast: number;
  /** … and up to so much longer, the time in which one lease serves all. */
  readonly slack: number;
}

/** One lease for all that is put there within a while, and then another: nobody has to remove it again. */
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

  /** The lease for the next thing. */
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

  /** Runs `work` with the lease, and again with another where etcd does not know it any more. */
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

  /** etcd does not know it: the next gets another. */
  forget(): void {
    this.#current = undefined;
  }
}
