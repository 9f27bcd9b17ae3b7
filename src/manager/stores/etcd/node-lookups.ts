import { CfluxError } from '../../../errors.js';
import type { EtcdConnection } from './connection.js';
import type { Keys } from './keys.js';
import { etcd } from './methods.js';
import type { Rosters } from './rosters.js';

/** A transaction of etcd has at most 128 operations. */
const mostLookups = 100;
/** Lookups that wait. With more of them the oldest would be too late for their clients. */
const mostWaiting = 2_000;
/** As for the heartbeats that wait for it. */
const limits = { attemptTimeout: 1_000 };

interface Lookup {
  readonly cluster: string;
  readonly nodeId: number;
  readonly resolve: (isRegistered: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Finds out whether a node is registered before anything is stored of it. Rosters answer for the nodes that they name. The other
 * nodes are looked up by their keys, many in one read and one read at a time: anybody may send any number of ids and names.
 */
export class NodeLookups {
  readonly #connection: EtcdConnection;
  readonly #keys: Keys;
  readonly #rosters: Rosters;
  #waiting: Lookup[] = [];
  #isReading = false;

  constructor(connection: EtcdConnection, keys: Keys, rosters: Rosters) {
    this.#connection = connection;
    this.#keys = keys;
    this.#rosters = rosters;
  }

  isRegistered(cluster: string, nodeId: number): boolean | Promise<boolean> {
    if (this.#rosters.has(cluster, nodeId)) return true;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ cluster, nodeId, resolve, reject });
      if (this.#waiting.length > mostWaiting) this.#waiting.shift()?.reject(tooManyLookups());
      if (!this.#isReading) void this.#readAll();
    });
  }

  async #readAll(): Promise<void> {
    this.#isReading = true;
    // The requests of this turn of the event loop are read together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      // The newest first: of a flood the oldest are late anyhow, and a node that comes into it is not.
      const lookups = this.#waiting.splice(-mostLookups);
      try {
        await this.#read(lookups);
      } catch (error) {
        // The next read would fail the same way, after the same time.
        for (const { reject } of [...lookups, ...this.#waiting.splice(0)]) reject(error);
      }
      this.#settleByRosters();
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
        this.#rosters.learn(cluster, nodeIds).catch((error: unknown) => {
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

  /** A roster that was read meanwhile may name the nodes that still wait. */
  #settleByRosters(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const lookup of waiting) {
      if (this.#rosters.has(lookup.cluster, lookup.nodeId)) lookup.resolve(true);
      else this.#waiting.push(lookup);
    }
  }
}

const tooManyLookups = () =>
  new CfluxError('UNAVAILABLE', 'too many heartbeats of unknown nodes: retry', {
    retryable: true,
    outcome: 'none',
    retryAfter: 1_000,
  });
