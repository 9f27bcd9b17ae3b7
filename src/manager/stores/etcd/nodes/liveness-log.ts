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
  /** Up to this one every record is known. */
  #revision = 0;
  /** Revision of the last read of names. */
  #namesRevision = 0;
  readonly #onForeign: (news: LivenessDelta) => void;

  constructor(
    {
      keys,
      leases,
      manager,
      onForeign,
    }: {
      readonly keys: Keys;
      readonly leases: Leases;
      readonly manager: string;
      /** Called once for each record of another manager, in order. */
      readonly onForeign: (news: LivenessDelta) => void;
    },
    { clock, nodeTtl }: StoreContext,
  ) {
    this.#keys = keys;
    this.#manager = manager;
    this.#onForeign = onForeign;
    this.#lives = new SharedLease(leases, clock, { atLeast: nodeTtl, slack });
    // A record that ends a life must outlast every record that reports it.
    this.#ends = new SharedLease(leases, clock, { atLeast: 2 * nodeTtl + 2 * slack, slack });
  }

  /** Creates the records for nodes that are alive and nodes that left. */
  async entries(news: readonly LivenessDelta[]): Promise<readonly Entry[]> {
    // Progress has the same lifetime as records of nodes that are alive.
    const alive = news
      .filter((each) => each.alive.length > 0 || (each.words?.length ?? 0) > 0)
      .map((each) => ({ ...each, left: [] }));
    const left = news
      .filter((each) => each.left.length > 0)
      .map((each) => ({ ...each, alive: [], words: [] }));
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
    return [{ get: { ...records, keysOnly: true } }, this.readingFresh];
  }

  /** The records that are new. */
  get readingFresh(): Operation {
    return { get: { ...this.#keys.nodeLog, minModRevision: this.#revision + 1 } };
  }

  /** Applies the result of {@link readingFresh}. */
  learn({ kvs }: RangeResponse): void {
    // One transaction stores several records, all of one revision.
    const known = this.#revision;
    for (const { key, value, modRevision } of kvs.toSorted((a, b) => a.modRevision - b.modRevision)) {
      if (modRevision <= known) continue;
      const records = decodeLivenessDelta(key, value);
      this.#known.set(key, records);
      // All records up to it are in the same response.
      this.#revision = modRevision;
      if (this.#keys.managerOfRecord(key) === this.#manager) continue;
      for (const news of records.values()) this.#onForeign(news);
    }
  }

  /** Returns which nodes of a cluster are alive, and which have left and not expired yet, by the results of the reads. */
  aliveIn(
    cluster: string,
    names: RangeResponse,
    fresh: RangeResponse,
  ): { readonly alive: ReadonlySet<number>; readonly left: ReadonlySet<number> } {
    this.takeUp(names, fresh);
    const [alive, left] = [new Set<number>(), new Set<number>()];
    for (const { key } of names.kvs.toSorted((a, b) => a.modRevision - b.modRevision)) {
      // Undefined if the record has expired since.
      const news = this.#known.get(key)?.get(cluster);
      for (const id of news?.alive ?? []) {
        alive.add(id);
        left.delete(id);
      }
      for (const id of news?.left ?? []) {
        alive.delete(id);
        left.add(id);
      }
    }
    return { alive, left };
  }

  /** Applies the result of {@link reading}, and removes expired records. */
  takeUp(names: RangeResponse, fresh: RangeResponse): void {
    this.learn(fresh);
    // Of two concurrent reads, the older one lacks the records of the newer one.
    if (names.revision >= this.#namesRevision) {
      this.#namesRevision = names.revision;
      const there = new Set(names.kvs.map(({ key }) => key));
      for (const key of this.#known.keys()) if (!there.has(key)) this.#known.delete(key);
    }
  }

  async #entry(news: readonly LivenessDelta[], shared: SharedLease): Promise<Entry> {
    const lease = await shared.next();
    const key = this.#keys.nodeRecord(this.#manager, this.#records++);
    return { put: key, value: encodeLivenessDelta(news), lease };
  }
}
