import type { NodeInfo } from '../../../../protocol/nodes.js';
import { tooManyNodes } from '../../../limits.js';
import type { NodeDetails, NodeUpdate, StoreContext } from '../../../manager-store.js';
import type { Operation } from '../api/kv-messages.js';
import { etcd } from '../api/methods.js';
import { connectionClosed, type EtcdConnection } from '../connect/connection.js';
import { inPages } from '../connect/in-pages.js';
import type { Keys } from '../keys.js';
import type { Leases } from '../leases/leases.js';
import { SharedLease } from '../leases/shared-lease.js';
import { readJson, writeJson } from '../stored-json.js';
import type { Heads } from '../versions/heads.js';
import { LivenessLog } from './liveness-log.js';
import type { NodeChange } from './node-batch.js';
import { NodeCounts } from './node-counts.js';
import { NodeIds } from './node-ids.js';
import { NodeLookups } from './node-lookups.js';
import { NodeUpdateBatcher } from './node-update-batcher.js';
import { RegistrationCache, rereadAfter } from './registration-cache.js';

/** The nodes: one key per registered node, and a liveness log from which any manager derives which nodes are alive. */
export class Nodes {
  readonly #connection: EtcdConnection;
  readonly #keys: Keys;
  readonly #ids: NodeIds;
  readonly #counts: NodeCounts;
  readonly #log: LivenessLog;
  readonly #registrations: RegistrationCache;
  readonly #lookups: NodeLookups;
  readonly #heartbeats: NodeUpdateBatcher;
  /** Batcher for registrations and shutdowns, which nodes wait for. */
  readonly #arrivals: NodeUpdateBatcher;
  readonly #removals: SharedLease;
  readonly #maxNodes: number;

  constructor(
    connection: EtcdConnection,
    parts: { readonly keys: Keys; readonly heads: Heads; readonly leases: Leases; readonly manager: string },
    context: StoreContext,
  ) {
    const { keys, heads, leases } = parts;
    const { clock, nodeTtl, maxNodes } = context;
    this.#connection = connection;
    this.#keys = keys;
    this.#ids = new NodeIds(connection, keys, clock);
    this.#counts = new NodeCounts(connection, keys, context);
    this.#log = new LivenessLog(parts, context);
    this.#registrations = new RegistrationCache(connection, keys, clock);
    this.#lookups = new NodeLookups(connection, { keys, heads, registrations: this.#registrations });
    const nodeUpdates = { connection, keys, log: this.#log, registrations: this.#registrations, clock };
    // Recording a heartbeat a sixtieth of the time to live later does no harm.
    this.#heartbeats = new NodeUpdateBatcher(nodeUpdates, nodeTtl / 60);
    this.#arrivals = new NodeUpdateBatcher(nodeUpdates, 0);
    // After that time every manager has read the registrations itself.
    this.#removals = new SharedLease(leases, clock, { atLeast: 2 * rereadAfter, slack: rereadAfter });
    this.#maxNodes = maxNodes;
  }

  /** The limit is checked first: managers that add nodes concurrently may exceed it by a few. */
  async add(cluster: string, node: NodeDetails): Promise<number> {
    if ((await this.#counts.of(cluster)) >= this.#maxNodes) throw tooManyNodes(this.#maxNodes);
    const nodeId = await this.#ids.next();
    const registration = { put: this.#keys.node(cluster, nodeId), value: encodeNode(node) };
    await this.#arrivals.record({ kind: 'alive', cluster, nodeId, registration });
    this.#counts.added(cluster);
    this.#registrations.add(cluster, nodeId);
    return nodeId;
  }

  /** Returns `false`, and stores nothing, if there is no such node. */
  heartbeat(cluster: string, nodeId: number): Promise<boolean> {
    return this.#recordChange(this.#heartbeats, { kind: 'alive', cluster, nodeId });
  }

  /** Marks the node as not alive until its next heartbeat. Returns `false`, and stores nothing, if there is no such node. */
  leave(cluster: string, nodeId: number): Promise<boolean> {
    return this.#recordChange(this.#arrivals, { kind: 'left', cluster, nodeId });
  }

  async update(cluster: string, nodeId: number, node: NodeDetails): Promise<NodeUpdate> {
    const key = this.#keys.node(cluster, nodeId);
    // Most nodes that start again are unchanged: a read costs etcd less than a write.
    const { kvs } = await this.#connection.call(etcd.range, { key });
    if (kvs[0] === undefined) return 'unknown';
    const value = encodeNode(node);
    if (value.equals(kvs[0].value)) return 'unchanged';
    const { succeeded } = await this.#connection.call(etcd.txn, {
      compare: [{ key, exists: true }],
      success: [{ put: key, value }],
    });
    return succeeded ? 'changed' : 'unknown';
  }

  /** Returns `false` if there was no such node. */
  async remove(cluster: string, nodeId: number): Promise<boolean> {
    const key = this.#keys.node(cluster, nodeId);
    const { succeeded } = await this.#removals.use((lease) =>
      this.#connection.call(etcd.txn, {
        compare: [{ key, exists: true }],
        success: [{ deleteKey: key }, this.#removalMark(cluster, lease)],
      }),
    );
    return succeeded;
  }

  /** Runs `work`, which removes all nodes of a cluster, with the operations for that. */
  async removing<T>(cluster: string, work: (removal: readonly Operation[]) => Promise<T>): Promise<T> {
    const { key, rangeEnd } = this.#keys.nodesOf(cluster);
    return this.#removals.use((lease) =>
      work([{ deleteKey: key, rangeEnd }, this.#removalMark(cluster, lease)]),
    );
  }

  /** Ordered by id. */
  async list(cluster: string): Promise<readonly NodeInfo[]> {
    const { ranges } = await this.#connection.call(etcd.txn, {
      compare: [],
      success: this.#log.reading,
    });
    const [names, fresh] = ranges;
    const alive = names && fresh && this.#log.aliveIn(cluster, names, fresh);
    const nodes: NodeInfo[] = [];
    for await (const { key, value } of inPages(this.#connection, this.#keys.nodesOf(cluster))) {
      const id = this.#keys.nodeIdOf(key);
      const node = readJson(key, value);
      const [ip, hostname, bindAddress] = [node.text('ip'), node.text('hostname'), node.text('bindAddress')];
      nodes.push({ id, ip, hostname, bindAddress, alive: alive?.has(id) === true });
    }
    return nodes;
  }

  close(reason = connectionClosed()): void {
    this.#heartbeats.close(reason);
    this.#arrivals.close(reason);
  }

  async #recordChange(nodeUpdates: NodeUpdateBatcher, change: NodeChange): Promise<boolean> {
    const isRegistered = this.#lookups.isRegistered(change.cluster, change.nodeId);
    if (isRegistered !== true && !(await isRegistered)) return false;
    return nodeUpdates.record(change);
  }

  /** The operation that informs every manager that nodes were removed, when it next stores node changes. */
  #removalMark(cluster: string, lease: number): Operation {
    return { put: this.#keys.removal(cluster), value: new Uint8Array(), lease };
  }
}

const encodeNode = ({ ip, hostname, bindAddress }: NodeDetails) => writeJson({ ip, hostname, bindAddress });
