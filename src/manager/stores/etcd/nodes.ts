import type { NodeInfo } from '../../../protocol/nodes.js';
import { tooManyNodes } from '../../limits.js';
import type { KnownNode, StoreContext } from '../../manager-store.js';
import type { EtcdConnection } from './connection.js';
import { isLeaseGone } from './etcd-errors.js';
import { JsonValue, writeJson } from './json-value.js';
import type { Keys } from './keys.js';
import { leaseIdOf, leaseSeconds } from './lease-id.js';
import type { Leases } from './leases.js';
import { etcd } from './methods.js';
import { NodeCounts } from './node-counts.js';
import { NodeIds } from './node-ids.js';

/** Milliseconds after which a beat looks whether the node still is registered, beside renewing its lease. */
const lookInterval = 60_000;

/**
 * The nodes: each has a lease, whose id follows from the node's, so that a beat at any manager is one renewal and changes
 * nothing in etcd. The lease ends, with the `alive` key on it, where the beats do. After an election every lease lives for its
 * whole time again.
 */
export class Nodes {
  readonly #connection: EtcdConnection;
  readonly #keys: Keys;
  readonly #leases: Leases;
  readonly #ids: NodeIds;
  readonly #counts: NodeCounts;
  readonly #context: StoreContext;
  readonly #storeId: string;
  readonly #seconds: number;
  /** When a node was last seen registered, by its lease. */
  readonly #seen = new Map<number, number>();

  constructor(
    connection: EtcdConnection,
    { keys, leases, storeId }: { readonly keys: Keys; readonly leases: Leases; readonly storeId: string },
    context: StoreContext,
  ) {
    this.#connection = connection;
    this.#keys = keys;
    this.#leases = leases;
    this.#storeId = storeId;
    this.#ids = new NodeIds(connection, keys, context.clock);
    this.#counts = new NodeCounts(connection, keys, context);
    this.#context = context;
    this.#seconds = leaseSeconds(context.nodeTtl);
  }

  /** The limit is looked at before: managers that add nodes in the same moments may go beyond it by a few. */
  async add(cluster: string, node: KnownNode): Promise<number> {
    const { mostNodes } = this.#context;
    if ((await this.#counts.of(cluster)) >= mostNodes) throw tooManyNodes(mostNodes);
    const id = await this.#ids.next();
    const lease = this.#leaseOf(cluster, id);
    const { ip, hostname, bindAddress } = node;
    await this.#leases.grant(lease, this.#seconds);
    await this.#connection.call(etcd.txn, {
      compare: [],
      success: [
        { put: this.#keys.node(cluster, id), value: writeJson({ ip, hostname, bindAddress }) },
        { put: this.#keys.alive(cluster, id), value: empty, lease },
      ],
    });
    this.#counts.added(cluster);
    this.#see(lease);
    return id;
  }

  /** `false`: there is no such node. */
  async beat(cluster: string, nodeId: number): Promise<boolean> {
    const lease = this.#leaseOf(cluster, nodeId);
    if (await this.#leases.renew(lease)) {
      if (this.#sawLately(lease)) return true;
      // A manager that died between removing a node and its lease left one that goes on.
      return this.#isKnown(cluster, nodeId);
    }
    return this.#revive(cluster, nodeId, lease);
  }

  /** Not alive until the next beat. `false`: there is no such node. */
  async leave(cluster: string, nodeId: number): Promise<boolean> {
    if (!(await this.#isKnown(cluster, nodeId))) return false;
    await this.#leases.revoke(this.#leaseOf(cluster, nodeId));
    return true;
  }

  /** `false`: there was no such node. */
  async remove(cluster: string, nodeId: number): Promise<boolean> {
    const key = this.#keys.node(cluster, nodeId);
    const { succeeded } = await this.#connection.call(etcd.txn, {
      compare: [{ key, exists: true }],
      success: [{ deleteKey: key }, { deleteKey: this.#keys.alive(cluster, nodeId) }],
    });
    await this.forget(cluster, [nodeId]);
    return succeeded;
  }

  /** Ends the leases of nodes that are not registered any more. */
  async forget(cluster: string, nodeIds: readonly number[]): Promise<void> {
    const leases = nodeIds.map((nodeId) => this.#leaseOf(cluster, nodeId));
    for (const lease of leases) this.#seen.delete(lease);
    await Promise.all(leases.map((lease) => this.#leases.revoke(lease)));
  }

  /** Ordered by id. */
  async list(cluster: string): Promise<readonly NodeInfo[]> {
    const { ranges } = await this.#connection.call(etcd.txn, {
      compare: [],
      success: [
        { get: this.#keys.nodesOf(cluster) },
        { get: { ...this.#keys.aliveOf(cluster), keysOnly: true } },
      ],
    });
    const [nodes, alive] = ranges;
    const idsAlive = new Set(alive?.kvs.map(({ key }) => this.#keys.nodeIdOf(key)));
    return (nodes?.kvs ?? []).map(({ key, value }) => {
      const id = this.#keys.nodeIdOf(key);
      const node = JsonValue.parse(key, value);
      const [ip, hostname, bindAddress] = [node.text('ip'), node.text('hostname'), node.text('bindAddress')];
      return { id, ip, hostname, bindAddress, alive: idsAlive.has(id) };
    });
  }

  #leaseOf(cluster: string, nodeId: number): number {
    return leaseIdOf(this.#storeId, cluster, nodeId);
  }

  async #isKnown(cluster: string, nodeId: number): Promise<boolean> {
    const key = this.#keys.node(cluster, nodeId);
    const { count } = await this.#connection.call(etcd.range, { key, countOnly: true });
    if (count === 0) return false;
    this.#see(this.#leaseOf(cluster, nodeId));
    return true;
  }

  /** The lease has ended: a known node gets it again. */
  async #revive(cluster: string, nodeId: number, lease: number): Promise<boolean> {
    if (!(await this.#isKnown(cluster, nodeId))) return false;
    for (;;) {
      await this.#leases.grant(lease, this.#seconds);
      try {
        const { succeeded } = await this.#connection.call(etcd.txn, {
          compare: [{ key: this.#keys.node(cluster, nodeId), exists: true }],
          success: [{ put: this.#keys.alive(cluster, nodeId), value: empty, lease }],
        });
        if (!succeeded) await this.forget(cluster, [nodeId]);
        return succeeded;
      } catch (error) {
        // Another manager has ended it in between: for leaving, or removal.
        if (!isLeaseGone(error)) throw error;
      }
    }
  }

  #see(lease: number): void {
    const now = this.#context.clock.monotonic();
    this.#seen.set(lease, now);
    // Oldest first, so that what has not been seen for long is dropped.
    if (this.#seen.size > 2 * this.#context.mostNodes) {
      for (const [other, at] of this.#seen) {
        if (now - at < lookInterval) break;
        this.#seen.delete(other);
      }
    }
  }

  #sawLately(lease: number): boolean {
    const seen = this.#seen.get(lease);
    return seen !== undefined && this.#context.clock.monotonic() - seen < lookInterval;
  }
}

const empty = new Uint8Array();
