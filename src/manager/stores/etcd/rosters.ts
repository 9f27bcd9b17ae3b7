import type { Clock } from '../../../clock.js';
import { type EtcdConnection, patient } from './connection.js';
import type { Keys } from './keys.js';
import { etcd } from './methods.js';

/** Milliseconds after which who is registered is read anew: somebody may have removed keys by hand. */
export const rereadAfter = 60_000;

/** The revision of a roster that names only the nodes which this manager has added. */
const unread = -1;

interface Roster {
  readonly nodes: Set<number>;
  /** When it was read. */
  readonly revision: number;
  readonly at: number;
}

/** Which nodes are registered, as they were when this manager last read it: who is missing makes it read again. */
export class Rosters {
  readonly #connection: EtcdConnection;
  readonly #keys: Keys;
  readonly #clock: Clock;
  /** Those that were read longest ago first. */
  readonly #rosters = new Map<string, Roster>();

  constructor(connection: EtcdConnection, keys: Keys, clock: Clock) {
    this.#connection = connection;
    this.#keys = keys;
    this.#clock = clock;
  }

  /**
   * Who is registered, of a cluster in which `asked` were asked for, and nodes were last removed in the revision `removedIn`.
   */
  async of(cluster: string, asked: readonly number[], removedIn: number): Promise<ReadonlySet<number>> {
    const roster = this.#rosters.get(cluster);
    const isGood =
      roster !== undefined &&
      roster.revision >= removedIn &&
      this.#clock.monotonic() - roster.at < rereadAfter &&
      asked.every((nodeId) => roster.nodes.has(nodeId));
    return isGood ? roster.nodes : this.#read(cluster);
  }

  /** The node was registered when the cluster was last read. */
  has(cluster: string, nodeId: number): boolean {
    return this.#rosters.get(cluster)?.nodes.has(nodeId) === true;
  }

  /** The cluster had nodes when it was last read. */
  knows(cluster: string): boolean {
    return this.#rosters.has(cluster);
  }

  /** These nodes are registered, by a read of their keys. The first ones of a cluster make the whole cluster be read. */
  async learn(cluster: string, nodeIds: readonly number[]): Promise<void> {
    const roster = this.#rosters.get(cluster);
    if (roster === undefined || roster.revision === unread) await this.#read(cluster);
    for (const nodeId of nodeIds) this.add(cluster, nodeId);
  }

  /** This manager has added one. */
  add(cluster: string, nodeId: number): void {
    const roster = this.#rosters.get(cluster);
    if (roster) roster.nodes.add(nodeId);
    // Enough to take its first heartbeat without a lookup; then the whole cluster is read.
    else {
      const at = this.#clock.monotonic();
      this.#rosters.set(cluster, { nodes: new Set([nodeId]), revision: unread, at });
    }
  }

  async #read(cluster: string): Promise<ReadonlySet<number>> {
    const at = this.#clock.monotonic();
    const range = { ...this.#keys.nodesOf(cluster), keysOnly: true };
    const { kvs, revision } = await this.#connection.call(etcd.range, range, patient);
    const nodes = new Set(kvs.map(({ key }) => this.#keys.nodeIdOf(key)));
    this.#rosters.delete(cluster);
    // Anybody may ask for any name.
    if (nodes.size > 0) this.#rosters.set(cluster, { nodes, revision, at });
    for (const [name, roster] of this.#rosters) {
      if (at - roster.at < 2 * rereadAfter) break;
      this.#rosters.delete(name);
    }
    return nodes;
  }
}
