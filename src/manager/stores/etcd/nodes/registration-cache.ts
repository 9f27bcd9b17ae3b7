import type { Clock } from '../../../../clock.js';
import { etcd } from '../api/methods.js';
import { type EtcdConnection, patient } from '../connect/connection.js';
import type { Keys } from '../keys.js';

/** Milliseconds after which registrations are read again: keys may have been removed by hand. */
export const rereadAfter = 60_000;

/** The revision of an entry that contains only nodes which this manager has added. */
const unread = -1;

interface Registrations {
  readonly nodes: Set<number>;
  /** When it was read. */
  readonly revision: number;
  readonly at: number;
}

/** Which nodes were registered when this manager last read them: a missing node triggers another read. */
export class RegistrationCache {
  readonly #connection: EtcdConnection;
  readonly #keys: Keys;
  readonly #clock: Clock;
  /** Least recently read first. */
  readonly #registrations = new Map<string, Registrations>();

  constructor(connection: EtcdConnection, keys: Keys, clock: Clock) {
    this.#connection = connection;
    this.#keys = keys;
    this.#clock = clock;
  }

  /**
   * Returns the registered nodes of a cluster, given that `asked` are needed, and that nodes were last removed in revision `removedIn`.
   */
  async of(cluster: string, asked: readonly number[], removedIn: number): Promise<ReadonlySet<number>> {
    const registration = this.#registrations.get(cluster);
    const isGood =
      registration !== undefined &&
      registration.revision >= removedIn &&
      this.#clock.monotonic() - registration.at < rereadAfter &&
      asked.every((nodeId) => registration.nodes.has(nodeId));
    return isGood ? registration.nodes : this.#read(cluster);
  }

  /** The node was registered when the cluster was last read. */
  has(cluster: string, nodeId: number): boolean {
    return this.#registrations.get(cluster)?.nodes.has(nodeId) === true;
  }

  /** The cluster had nodes when it was last read. */
  knows(cluster: string): boolean {
    return this.#registrations.has(cluster);
  }

  /**
   * Records that these nodes are registered, by a read of their keys. The first ones of a cluster trigger a read of the whole cluster.
   */
  async learn(cluster: string, nodeIds: readonly number[]): Promise<void> {
    const registration = this.#registrations.get(cluster);
    if (registration === undefined || registration.revision === unread) await this.#read(cluster);
    for (const nodeId of nodeIds) this.add(cluster, nodeId);
  }

  /** This manager has added a node. */
  add(cluster: string, nodeId: number): void {
    const registration = this.#registrations.get(cluster);
    if (registration) registration.nodes.add(nodeId);
    // Enough to accept its first heartbeat without a lookup; then the whole cluster is read.
    else {
      const at = this.#clock.monotonic();
      this.#registrations.set(cluster, { nodes: new Set([nodeId]), revision: unread, at });
    }
  }

  async #read(cluster: string): Promise<ReadonlySet<number>> {
    const at = this.#clock.monotonic();
    const range = { ...this.#keys.nodesOf(cluster), keysOnly: true };
    const { kvs, revision } = await this.#connection.call(etcd.range, range, patient);
    const nodes = new Set(kvs.map(({ key }) => this.#keys.nodeIdOf(key)));
    this.#registrations.delete(cluster);
    // Names without nodes are not cached, because any client may send any name.
    if (nodes.size > 0) this.#registrations.set(cluster, { nodes, revision, at });
    for (const [name, registration] of this.#registrations) {
      if (at - registration.at < 2 * rereadAfter) break;
      this.#registrations.delete(name);
    }
    return nodes;
  }
}
