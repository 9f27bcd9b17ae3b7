import type { StoreContext } from '../../../manager-store.js';
import { etcd } from '../api/methods.js';
import { type EtcdConnection, patient } from '../connect/connection.js';
import type { Keys } from '../keys.js';

/** Milliseconds after which nodes are counted again. */
const recountAfter = 10_000;

interface Count {
  nodes: number;
  readonly at: number;
}

/**
 * The number of nodes per cluster. etcd counts keys one by one, so when thousands of nodes register at once, as after a full restart,
 * counting for each would take longer than the registrations; only near the limit is an exact count worth it.
 */
export class NodeCounts {
  readonly #connection: EtcdConnection;
  readonly #keys: Keys;
  readonly #context: StoreContext;
  readonly #counts = new Map<string, Count>();

  constructor(connection: EtcdConnection, keys: Keys, context: StoreContext) {
    this.#connection = connection;
    this.#keys = keys;
    this.#context = context;
  }

  async of(cluster: string): Promise<number> {
    const { clock, maxNodes } = this.#context;
    const known = this.#counts.get(cluster);
    const isFresh = known !== undefined && clock.monotonic() - known.at < recountAfter;
    // Other managers add nodes too.
    if (isFresh && 4 * known.nodes < maxNodes) return known.nodes;
    const range = { ...this.#keys.nodesOf(cluster), countOnly: true };
    const { count } = await this.#connection.call(etcd.range, range, patient);
    // Clusters without recent registrations are counted again at the next one.
    for (const [name, { at }] of this.#counts) {
      if (clock.monotonic() - at < recountAfter) break;
      this.#counts.delete(name);
    }
    this.#counts.delete(cluster);
    this.#counts.set(cluster, { nodes: count, at: clock.monotonic() });
    return count;
  }

  /** This manager has added a node. */
  added(cluster: string): void {
    const known = this.#counts.get(cluster);
    if (known !== undefined) known.nodes += 1;
  }
}
