import type { StoreContext } from '../../../manager-store.js';
import type { Operation, RangeResponse } from '../api/kv-messages.js';
import type { Keys } from '../keys.js';
import type { Leases } from '../leases/leases.js';
import { SharedLease } from '../leases/shared-lease.js';
import { decodeLivenessDelta, encodeLivenessDelta, type LivenessDelta } from './liveness-delta.js';

/** The operation that stores a record. */
export type Entry = Extract<Operation, { readonly put: string }>;

/** Milliseconds for which one lease is used for new records. */
const slack = 1_000;

/**
 * The liveness changes recorded by all managers, in the order of their revisions. A record that reports nodes as alive stays for their
 * time to live: a node that is in one, and not reported as left by a later one, is alive. No wall clock is involved.
 */
export class LivenessLog {
  readonly #keys: Keys;
  readonly #manager: string;
  readonly #lives: SharedLease;
  readonly #ends: SharedLease;
  #records = 0;
  /** Records that were read, as long as they exist: with a thousand clusters each of them needs all records. */
  readonly #known = new Map<string, ReadonlyMap<string, LivenessDelta>>();
  /** Revision of the last read. */
  #revision = 0;

  constructor(
    { keys, leases, manager }: { readonly keys: Keys; readonly leases: Leases; readonly manager: string },
    { clock, nodeTtl }: StoreContext,
  ) {
    this.#keys = keys;
    this.#manager = manager;
    this.#lives = new SharedLease(leases, clock, { atLeast: nodeTtl, slack });
    // A record that ends a life must outlast every record that reports it.
    this.#ends = new SharedLease(leases, clock, { atLeast: 2 * nodeTtl + 2 * slack, slack });
  }

  /** Creates the records for nodes that are alive and nodes that left. */
  async entries(news: readonly LivenessDelta[]): Promise<readonly Entry[]> {
    const alive = news.filter((each) => each.alive.length > 0).map((each) => ({ ...each, left: [] }));
    const left = news.filter((each) => each.left.length > 0).map((each) => ({ ...each, alive: [] }));
    return Promise.all([
      ...(alive.length > 0 ? [this.#entry(alive, this.#lives)] : []),
      ...(left.length > 0 ? [this.#entry(left, this.#ends)] : []),
    ]);
  }

  /** etcd does not know a lease that it created. */
  forgetLeases(): void {
    this.#lives.forget();
    this.#ends.forget();
  }

  /** The reads that {@link aliveIn} needs: the names of all records, and the new records. */
  get reading(): readonly Operation[] {
    const records = this.#keys.nodeLog;
    return [
      { get: { ...records, keysOnly: true } },
      { get: { ...records, minModRevision: this.#revision + 1 } },
    ];
  }

  /** Returns which nodes of a cluster are alive, by the results of the reads. */
  aliveIn(cluster: string, names: RangeResponse, fresh: RangeResponse): ReadonlySet<number> {
    for (const { key, value } of fresh.kvs) this.#known.set(key, decodeLivenessDelta(key, value));
    // If two reads ran concurrently, the older one does not include what the newer one brought.
    if (names.revision >= this.#revision) {
      this.#revision = names.revision;
      const there = new Set(names.kvs.map(({ key }) => key));
      for (const key of this.#known.keys()) if (!there.has(key)) this.#known.delete(key);
    }
    const alive = new Set<number>();
    for (const { key } of names.kvs.toSorted((a, b) => a.modRevision - b.modRevision)) {
      // Undefined if the record has expired since.
      const news = this.#known.get(key)?.get(cluster);
      for (const id of news?.alive ?? []) alive.add(id);
      for (const id of news?.left ?? []) alive.delete(id);
    }
    return alive;
  }

  async #entry(news: readonly LivenessDelta[], shared: SharedLease): Promise<Entry> {
    const lease = await shared.next();
    const key = this.#keys.nodeRecord(this.#manager, this.#records++);
    return { put: key, value: encodeLivenessDelta(news), lease };
  }
}
