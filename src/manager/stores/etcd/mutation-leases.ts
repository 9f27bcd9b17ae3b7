import type { StoreContext } from '../../manager-store.js';
import { leaseSeconds } from './lease-id.js';
import type { Leases } from './leases.js';

/** A lease that ends takes everything on it along in one step: not so much that etcd would stand still. */
const mostUses = 2_000;

/**
 * Leases that nobody renews, for mutation ids: etcd forgets them by itself. One serves for a while, so an id is remembered
 * for the memory asked for and up to twice as long.
 */
export class MutationLeases {
  readonly #leases: Leases;
  readonly #context: StoreContext;
  #current: { readonly id: Promise<number>; readonly since: number; uses: number } | undefined;

  constructor(leases: Leases, context: StoreContext) {
    this.#leases = leases;
    this.#context = context;
  }

  /** The lease for the next id. */
  async next(): Promise<number> {
    const { clock, mutationMemory } = this.#context;
    const now = clock.monotonic();
    let current = this.#current;
    if (current === undefined || now - current.since > mutationMemory || current.uses >= mostUses) {
      current = { id: this.#grant(), since: now, uses: 0 };
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

  /** etcd does not know it: the next id gets another. */
  forget(): void {
    this.#current = undefined;
  }

  async #grant(): Promise<number> {
    const id = Math.floor(this.#context.random() * 2 ** 52) + 1;
    await this.#leases.grant(id, leaseSeconds(2 * this.#context.mutationMemory));
    return id;
  }
}
