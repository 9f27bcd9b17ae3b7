import type { StoreContext } from '../../manager-store.js';
import type { Keys } from './keys.js';
import type { Operation, RangeResponse } from './kv-messages.js';
import type { Leases } from './leases.js';
import { decodeNews, encodeNews, type NodeNews } from './node-news.js';
import { SharedLease } from './shared-lease.js';

/** A record, and the operation that stores it. */
export interface Entry {
  readonly key: string;
  readonly operation: Operation;
}

/** Milliseconds for which one lease serves all records. */
const slack = 1_000;

/**
 * What all managers heard of nodes, record by record, in the order of their revisions. A record that says that nodes are alive stays
 * for their time to live: who is named in one, and in none after it that says otherwise, is alive. Nobody's clock is asked.
 */
export class NodeLog {
  readonly #keys: Keys;
  readonly #manager: string;
  readonly #lives: SharedLease;
  readonly #ends: SharedLease;
  #records = 0;

  constructor(
    { keys, leases, manager }: { readonly keys: Keys; readonly leases: Leases; readonly manager: string },
    { clock, nodeTtl }: StoreContext,
  ) {
    this.#keys = keys;
    this.#manager = manager;
    this.#lives = new SharedLease(leases, clock, { atLeast: nodeTtl, slack });
    // What ends a life must be there for longer than whatever says that there is one.
    this.#ends = new SharedLease(leases, clock, { atLeast: 2 * nodeTtl + 2 * slack, slack });
  }

  /** Who was heard of, and who left, in a record each. */
  async entries(news: readonly NodeNews[]): Promise<readonly Entry[]> {
    const alive = news.filter((each) => each.alive.length > 0).map((each) => ({ ...each, left: [] }));
    const left = news.filter((each) => each.left.length > 0).map((each) => ({ ...each, alive: [] }));
    return Promise.all([
      ...(alive.length > 0 ? [this.#entry(alive, this.#lives)] : []),
      ...(left.length > 0 ? [this.#entry(left, this.#ends)] : []),
    ]);
  }

  /** etcd does not know a lease that it gave. */
  forgetLeases(): void {
    this.#lives.forget();
    this.#ends.forget();
  }

  get reading(): Operation {
    return { get: this.#keys.nodeLog };
  }

  /** Who of a cluster is alive, by all that was read. */
  aliveIn(cluster: string, { kvs }: RangeResponse): ReadonlySet<number> {
    const nodes = new Set<number>();
    for (const { key, value } of kvs.toSorted((a, b) => a.modRevision - b.modRevision)) {
      for (const news of decodeNews(key, value)) {
        if (news.cluster !== cluster) continue;
        for (const id of news.alive) nodes.add(id);
        for (const id of news.left) nodes.delete(id);
      }
    }
    return nodes;
  }

  async #entry(news: readonly NodeNews[], shared: SharedLease): Promise<Entry> {
    const lease = await shared.next();
    const key = this.#keys.nodeRecord(this.#manager, this.#records++);
    return { key, operation: { put: key, value: encodeNews(news), lease } };
  }
}
