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
 * How many nodes each cluster has. Etcd counts them one by one, so where thousands register at once, as after a restart of
 * everything, each counting all would take longer than the registrations; only near the limit every one is worth it.
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
    // Other managers add some, too.
    if (isFresh && 4 * known.nodes < maxNodes) return known.nodes;
    const range = { ...this.#keys.nodesOf(cluster), countOnly: true };
    const { count } = await this.#connection.call(etcd.range, range, patient);
    // Clusters that nobody has registered in for long are counted anew when somebody does.
    for (const [name, { at }] of this.#counts) {
      if (clock.monotonic() - at < recountAfter) break;
      this.#counts.delete(name);
    }
    this.#counts.delete(cluster);
    this.#counts.set(cluster, { nodes: count, at: clock.monotonic() });
    return count;
  }

  /** This manager has added one. */
  added(cluster: string): void {
    const known = this.#counts.get(cluster);
    if (known !== undefined) known.nodes += 1;
  }
}
