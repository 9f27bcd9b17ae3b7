import { repeat } from '../../../../async/repeat.js';
import type { Clock } from '../../../../clock.js';
import { kindOf, type NodeProgress } from '../../../../protocol/node-progress.js';
import { tooManyNodes } from '../../../limits.js';
import type {
  HeartbeatResult,
  NodeDetails,
  NodeUpdate,
  StoreContext,
  StoredNode,
} from '../../../manager-store.js';
import { progressIn } from '../../../nodes/stored-progress.js';
import type { KnownProgress } from '../../../nodes/tracked-node.js';
import { TrackedNodes } from '../../../nodes/tracked-nodes.js';
import type { Operation, RangeResponse } from '../api/kv-messages.js';
import { etcd } from '../api/methods.js';
import { connectionClosed, type EtcdConnection } from '../connect/connection.js';
import { inPages } from '../connect/in-pages.js';
import type { Keys } from '../keys.js';
import type { Leases } from '../leases/leases.js';
import { SharedLease } from '../leases/shared-lease.js';
import type { Heads } from '../versions/heads.js';
import { Contact } from './contact.js';
import type { LivenessDelta } from './liveness-delta.js';
import { LivenessLog } from './liveness-log.js';
import type { NodeChange } from './node-batch.js';
import { NodeCounts } from './node-counts.js';
import { NodeIds } from './node-ids.js';
import { NodeLookups } from './node-lookups.js';
import { decodeNode, encodeNode, type NodeRecord } from './node-record.js';
import { NodeReports } from './node-reports.js';
import { NodeUpdateBatcher } from './node-update-batcher.js';
import { ProgressStore } from './progress-store.js';
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
  readonly #clock: Clock;
  readonly #tracked: TrackedNodes;
  readonly #progressStore: ProgressStore;
  readonly #reports: NodeReports;
  readonly #contact: Contact;
  readonly #stopReading: () => void;

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
    this.#clock = clock;
    const interval = nodeTtl / 3;
    this.#contact = new Contact(clock, interval);
    this.#tracked = new TrackedNodes(clock, nodeTtl);
    this.#progressStore = new ProgressStore(connection, { keys, tracked: this.#tracked }, context);
    this.#reports = new NodeReports(connection, { keys, leases, clock });
    this.#log = new LivenessLog({ ...parts, onForeign: (news) => this.#trackForeign(news) }, context);
    this.#registrations = new RegistrationCache(connection, keys, clock);
    this.#lookups = new NodeLookups(connection, { keys, heads, registrations: this.#registrations });
    const onFresh = (fresh: RangeResponse) => this.#contact.read(() => this.#log.learn(fresh));
    const nodeUpdates = {
      connection,
      keys,
      log: this.#log,
      registrations: this.#registrations,
      onFresh,
      onStored: (isStored: boolean) => this.#contact.stored(isStored),
      clock,
    };
    // A delay of a sixtieth of the time to live is harmless.
    this.#heartbeats = new NodeUpdateBatcher(nodeUpdates, nodeTtl / 60);
    this.#arrivals = new NodeUpdateBatcher(nodeUpdates, 0);
    // After that time every manager has read the registrations itself.
    this.#removals = new SharedLease(leases, clock, { atLeast: 2 * rereadAfter, slack: rereadAfter });
    this.#maxNodes = maxNodes;
    this.#stopReading = repeat(clock, interval, () => {
      // The next run retries.
      this.#read().catch(() => {});
    });
  }

  /** The limit is looked at before: managers that add nodes in the same moments may go beyond it by a few. */
  async add(cluster: string, node: NodeDetails, progress: NodeProgress | undefined): Promise<number> {
    if ((await this.#counts.of(cluster)) >= this.#maxNodes) throw tooManyNodes(this.#maxNodes);
    const nodeId = await this.#ids.next();
    const kind = progress && kindOf({ instance: progress.instance });
    const registration = { put: this.#keys.node(cluster, nodeId), value: encodeNode({ ...node, kind }) };
    if (progress !== undefined) this.#tracked.registered(cluster, nodeId, progress);
    await this.#arrivals.record({ kind: 'alive', cluster, nodeId, registration, progress });
    this.#progressStore.ours(cluster, nodeId);
    this.#counts.added(cluster);
    this.#registrations.add(cluster, nodeId);
    return nodeId;
  }

  /** Returns `false`, and stores nothing, if there is no such node. */
  heartbeat(cluster: string, nodeId: number, progress: NodeProgress | undefined): Promise<HeartbeatResult> {
    return this.#recordChange(this.#heartbeats, { kind: 'alive', cluster, nodeId, progress });
  }

  /** Marks the node as not alive until its next heartbeat. Returns `false`, and stores nothing, if there is no such node. */
  leave(cluster: string, nodeId: number, progress: NodeProgress | undefined): Promise<HeartbeatResult> {
    return this.#recordChange(this.#arrivals, { kind: 'left', cluster, nodeId, progress });
  }

  /** Ignores a node that is not registered. */
  noteHeld(cluster: string, nodeId: number, progress: NodeProgress): void {
    if (!this.#registrations.has(cluster, nodeId)) return;
    this.#tracked.poll(cluster, nodeId, progress);
    this.#heartbeats.addProgress(cluster, { nodeId, isPoll: true, progress });
  }

  /** Resolves with `false` if there is no such node. */
  setReport(cluster: string, nodeId: number, report: string): Promise<boolean> {
    return this.#reports.set(cluster, nodeId, report);
  }

  async update(cluster: string, nodeId: number, node: NodeDetails): Promise<NodeUpdate> {
    const key = this.#keys.node(cluster, nodeId);
    for (;;) {
      // Most nodes that start again are as they were: a read costs etcd less than a write.
      const { kvs } = await this.#connection.call(etcd.range, { key });
      if (kvs[0] === undefined) return 'unknown';
      const { ip, hostname, bindAddress } = node;
      const value = encodeNode({ ...decodeNode(key, kvs[0].value), ip, hostname, bindAddress });
      if (value.equals(kvs[0].value)) return 'unchanged';
      const { succeeded } = await this.#connection.call(etcd.txn, {
        compare: [{ key, modRevision: kvs[0].modRevision }],
        success: [{ put: key, value }],
      });
      // Its stored progress changed concurrently: retry.
      if (succeeded) return 'changed';
    }
  }

  /** Returns `false` if there was no such node. */
  async remove(cluster: string, nodeId: number): Promise<boolean> {
    const key = this.#keys.node(cluster, nodeId);
    const { succeeded } = await this.#removals.use((lease) =>
      this.#connection.call(etcd.txn, {
        compare: [{ key, exists: true }],
        success: [
          { deleteKey: key },
          { deleteKey: this.#keys.report(cluster, nodeId) },
          this.#removalMark(cluster, lease),
        ],
      }),
    );
    this.#forget(cluster, nodeId);
    return succeeded;
  }

  /** Runs `work`, which removes all nodes of a cluster, with the operations for that. */
  async removing<T>(cluster: string, work: (removal: readonly Operation[]) => Promise<T>): Promise<T> {
    const ranges = [this.#keys.nodesOf(cluster), this.#keys.reportsOf(cluster)];
    const deletions = ranges.map(({ key, rangeEnd }) => ({ deleteKey: key, rangeEnd }));
    return this.#removals.use((lease) => work([...deletions, this.#removalMark(cluster, lease)]));
  }

  /** Since when this manager and etcd have been in touch, by the monotonic clock: records expire while they are not. */
  get knownSince(): number {
    return this.#contact.since;
  }

  /** Ordered by id. */
  async list(cluster: string): Promise<readonly StoredNode[]> {
    const { ranges } = await this.#connection.call(etcd.txn, {
      compare: [],
      success: this.#log.reading,
    });
    const [names, fresh] = ranges;
    const known = names && fresh && this.#contact.read(() => this.#log.aliveIn(cluster, names, fresh));
    const reports = await this.#reports.of(cluster);
    const nodes: StoredNode[] = [];
    for await (const { key, value } of inPages(this.#connection, this.#keys.nodesOf(cluster))) {
      const id = this.#keys.nodeIdOf(key);
      const { ip, hostname, bindAddress, ...record } = decodeNode(key, value);
      const progress = this.#tracked.progress(cluster, id) ?? this.#keptOf(record);
      const report = reports.get(id);
      nodes.push({
        id,
        ip,
        hostname,
        bindAddress,
        alive: known?.alive.has(id) === true,
        ...(known?.left.has(id) === true ? { left: true } : {}),
        ...(progress === undefined ? {} : { progress }),
        ...(report === undefined ? {} : { reportJson: report }),
      });
    }
    return nodes;
  }

  close(reason = connectionClosed()): void {
    this.#stopReading();
    this.#heartbeats.close(reason);
    this.#arrivals.close(reason);
  }

  async #recordChange(nodeUpdates: NodeUpdateBatcher, change: NodeChange): Promise<HeartbeatResult> {
    const { cluster, nodeId, progress } = change;
    const isRegistered = this.#lookups.isRegistered(cluster, nodeId);
    if (isRegistered !== true && !(await isRegistered)) return false;
    if (progress !== undefined) {
      const kind = this.#tracked.kindOf(cluster, nodeId);
      if (this.#tracked.heartbeat(cluster, nodeId, progress) === 'duplicate') {
        // The manager that receives the heartbeats of the other process must detect it as well.
        this.#heartbeats.addProgress(cluster, { nodeId, isPoll: false, progress });
        return 'duplicate';
      }
      const isOther = kind !== undefined && this.#tracked.kindOf(cluster, nodeId) !== kind;
      if (isOther) this.#progressStore.changed(cluster, nodeId);
    }
    const isKnown = await nodeUpdates.record(change);
    if (isKnown) this.#progressStore.ours(cluster, nodeId);
    else this.#forget(cluster, nodeId);
    return isKnown;
  }

  #forget(cluster: string, nodeId: number): void {
    this.#tracked.forget(cluster, nodeId);
    this.#progressStore.notOurs(cluster, nodeId);
  }

  /** Returns the stored progress of a node without a heartbeat since the store opened. */
  #keptOf({ kind, last }: Pick<NodeRecord, 'kind' | 'last'>): KnownProgress | undefined {
    return last === undefined ? kind && { kind } : progressIn(last, this.#clock.now());
  }

  /** Reads the records of other managers, and stores the progress of nodes that died. */
  async #read(): Promise<void> {
    const { ranges } = await this.#connection.call(etcd.txn, { compare: [], success: this.#log.reading });
    const [names, fresh] = ranges;
    if (names && fresh) this.#contact.read(() => this.#log.takeUp(names, fresh));
    await this.#progressStore.store();
  }

  #trackForeign({ cluster, words = [] }: LivenessDelta): void {
    // Records that were read after a long pause may be old.
    const isTimed = !this.#contact.isInterrupted;
    for (const { nodeId, isPoll, progress } of words) {
      if (isPoll) this.#tracked.poll(cluster, nodeId, progress, isTimed);
      else {
        this.#tracked.heartbeat(cluster, nodeId, progress, isTimed);
        this.#progressStore.notOurs(cluster, nodeId);
      }
    }
  }

  /** The operation that informs every manager that nodes were removed, when it next stores node changes. */
  #removalMark(cluster: string, lease: number): Operation {
    return { put: this.#keys.removal(cluster), value: new Uint8Array(), lease };
  }
}
