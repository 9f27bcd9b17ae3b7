import { setImmediate as nextTurn } from 'node:timers/promises';
import { CfluxError } from '../../../../errors.js';
import { etcd } from '../api/methods.js';
import type { EtcdConnection } from '../connect/connection.js';
import type { Keys } from '../keys.js';
import type { Heads } from '../versions/heads.js';
import { type Lookup, LookupQueue } from './lookup-queue.js';
import type { RegistrationCache } from './registration-cache.js';

/** A transaction of etcd has at most 128 operations. */
const maxLookups = 100;
/** Lookups of known clusters in one read, while lookups of other clusters wait. */
const maxOfKnownClusters = 90;
/** Limit on waiting lookups, of each kind. With more of them the oldest would be too late for their clients. */
const maxWaiting = 2_000;
/** Same limit as for the heartbeats that wait for the lookup. */
const limits = { attemptTimeout: 1_000 };

/**
 * Finds out whether a node is registered before anything about it is stored. Cached registrations are used for the nodes that they
 * contain. Other nodes are looked up by their keys, many in one read and one read at a time: any client may send any number of ids and
 * names. Clusters that this manager knows to exist are served before the others, whose names may be invented, and within both kinds the
 * clusters take turns.
 */
export class NodeLookups {
  readonly #connection: EtcdConnection;
  readonly #keys: Keys;
  readonly #heads: Heads;
  readonly #registrations: RegistrationCache;
  readonly #ofKnownClusters = new LookupQueue(maxWaiting);
  readonly #ofOthers = new LookupQueue(maxWaiting);
  #isReading = false;

  constructor(
    connection: EtcdConnection,
    parts: { readonly keys: Keys; readonly heads: Heads; readonly registrations: RegistrationCache },
  ) {
    this.#connection = connection;
    this.#keys = parts.keys;
    this.#heads = parts.heads;
    this.#registrations = parts.registrations;
  }

  isRegistered(cluster: string, nodeId: number): boolean | Promise<boolean> {
    if (this.#registrations.has(cluster, nodeId)) return true;
    return new Promise((resolve, reject) => {
      this.#add({ cluster, nodeId, resolve, reject });
      if (!this.#isReading) void this.#readAll();
    });
  }

  async #readAll(): Promise<void> {
    this.#isReading = true;
    // The requests of this turn of the event loop are read together.
    await nextTurn();
    while (this.#ofKnownClusters.size + this.#ofOthers.size > 0) {
      const lookups = this.#next();
      try {
        await this.#read(lookups);
      } catch (error) {
        // The next read would fail the same way, after the same time.
        for (const { reject } of [...lookups, ...this.#drain()]) reject(error);
      }
      this.#settleByRegistrations();
    }
    this.#isReading = false;
  }

  async #read(lookups: readonly Lookup[]): Promise<void> {
    const key = ({ cluster, nodeId }: Lookup) => this.#keys.node(cluster, nodeId);
    const success = lookups.map((lookup) => ({ get: { key: key(lookup), countOnly: true } }));
    const { ranges } = await this.#connection.call(etcd.txn, { compare: [], success }, limits);
    const found = new Map<string, number[]>();
    for (const [place, { cluster, nodeId }] of lookups.entries()) {
      if (ranges[place]?.count !== 1) continue;
      const nodes = found.get(cluster);
      if (nodes) nodes.push(nodeId);
      else found.set(cluster, [nodeId]);
    }
    const failures = new Map<string, CfluxError>();
    await Promise.all(
      Array.from(found, ([cluster, nodeIds]) =>
        this.#registrations.learn(cluster, nodeIds).catch((error: unknown) => {
          failures.set(cluster, CfluxError.from(error, 'UNAVAILABLE'));
        }),
      ),
    );
    for (const { cluster, nodeId, resolve, reject } of lookups) {
      const failure = failures.get(cluster);
      if (failure) reject(failure);
      else resolve(found.get(cluster)?.includes(nodeId) === true);
    }
  }

  /** Registrations that were read meanwhile may contain nodes that still wait. */
  #settleByRegistrations(): void {
    for (const lookup of this.#drain()) {
      if (this.#registrations.has(lookup.cluster, lookup.nodeId)) lookup.resolve(true);
      else this.#add(lookup);
    }
  }

  #add(lookup: Lookup): void {
    const { cluster } = lookup;
    const hasData = (this.#heads.known(cluster)?.head.versions.length ?? 0) > 0;
    const isKnown = hasData || this.#registrations.knows(cluster);
    const queue = isKnown ? this.#ofKnownClusters : this.#ofOthers;
    queue.add(lookup)?.reject(tooManyLookups());
  }

  /**
   * Selects the lookups of one read. A flood of unknown nodes of a known cluster leaves room for clusters that this manager does not know
   * yet.
   */
  #next(): readonly Lookup[] {
    const known = this.#ofKnownClusters.take(this.#ofOthers.size > 0 ? maxOfKnownClusters : maxLookups);
    return [...known, ...this.#ofOthers.take(maxLookups - known.length)];
  }

  #drain(): readonly Lookup[] {
    return [...this.#ofKnownClusters.drain(), ...this.#ofOthers.drain()];
  }
}

const tooManyLookups = () =>
  new CfluxError(
    'UNAVAILABLE',
    'the manager is overloaded: too many heartbeats of unknown nodes; retry later',
    {
      retryable: true,
      outcome: 'notApplied',
      retryAfter: 1_000,
    },
  );
