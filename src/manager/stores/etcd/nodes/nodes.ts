import { repeat } from '../../../../async/repeat.js';
import type { Clock } from '../../../../clock.js';
import { kindOf, type NodeWord } from '../../../../protocol/node-word.js';
import { tooManyNodes } from '../../../limits.js';
import type {
  HeartbeatResult,
  NodeDetails,
  NodeUpdate,
  StoreContext,
  StoredNode,
} from '../../../manager-store.js';
import { saidIn } from '../../../nodes/last-word.js';
import type { SaidOfNode } from '../../../nodes/voice.js';
import { Voices } from '../../../nodes/voices.js';
import type { Operation, RangeResponse } from '../api/kv-messages.js';
import { etcd } from '../api/methods.js';
import { connectionClosed, type EtcdConnection } from '../connect/connection.js';
import { inPages } from '../connect/in-pages.js';
import type { Keys } from '../keys.js';
import type { Leases } from '../leases/leases.js';
import { SharedLease } from '../leases/shared-lease.js';
import type { Heads } from '../versions/heads.js';
import { LastWords } from './last-words.js';
import type { LivenessDelta } from './liveness-delta.js';
import { LivenessLog } from './liveness-log.js';
import type { NodeChange } from './node-batch.js';
import { NodeCounts } from './node-counts.js';
import { NodeIds } from './node-ids.js';
import { NodeLookups } from './node-lookups.js';
import { decodeNode, encodeNode, type NodeRecord } from './node-record.js';
import { NodeReports } from './node-reports.js';
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
  readonly #clock: Clock;
  readonly #voices: Voices;
  readonly #lastWords: LastWords;
  readonly #reports: NodeReports;
  /** Milliseconds after which what other managers heard is read, if no heartbeat did. */
  readonly #interval: number;
  /** When what other managers heard was last read. */
  #readAt = Number.NEGATIVE_INFINITY;
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
    this.#interval = nodeTtl / 3;
    this.#voices = new Voices(clock, nodeTtl);
    this.#lastWords = new LastWords(connection, { keys, voices: this.#voices }, context);
    this.#reports = new NodeReports(connection, { keys, leases, clock });
    this.#log = new LivenessLog({ ...parts, onForeign: (news) => this.#hearForeign(news) }, context);
    this.#registrations = new RegistrationCache(connection, keys, clock);
    this.#lookups = new NodeLookups(connection, { keys, heads, registrations: this.#registrations });
    const onFresh = (fresh: RangeResponse) => this.#noteReading(() => this.#log.learn(fresh));
    const nodeUpdates = {
      connection,
      keys,
      log: this.#log,
      registrations: this.#registrations,
      onFresh,
      clock,
    };
    // A node that is heard of a sixtieth later is none the worse for it.
    this.#heartbeats = new NodeUpdateBatcher(nodeUpdates, nodeTtl / 60);
    this.#arrivals = new NodeUpdateBatcher(nodeUpdates, 0);
    // After that time every manager has read the registrations itself.
    this.#removals = new SharedLease(leases, clock, { atLeast: 2 * rereadAfter, slack: rereadAfter });
    this.#maxNodes = maxNodes;
    this.#stopReading = repeat(clock, this.#interval, () => {
      // The next time is as good.
      this.#read().catch(() => {});
    });
  }

  /** The limit is looked at before: managers that add nodes in the same moments may go beyond it by a few. */
  async add(cluster: string, node: NodeDetails, word: NodeWord | undefined): Promise<number> {
    if ((await this.#counts.of(cluster)) >= this.#maxNodes) throw tooManyNodes(this.#maxNodes);
    const nodeId = await this.#ids.next();
    const kind = word && kindOf({ instance: word.instance });
    const registration = { put: this.#keys.node(cluster, nodeId), value: encodeNode({ ...node, kind }) };
    if (word !== undefined) this.#voices.registered(cluster, nodeId, word);
    await this.#arrivals.record({ kind: 'alive', cluster, nodeId, registration, word });
    this.#lastWords.ours(cluster, nodeId);
    this.#counts.added(cluster);
    this.#registrations.add(cluster, nodeId);
    return nodeId;
  }

  /** Returns `false`, and stores nothing, if there is no such node. */
  heartbeat(cluster: string, nodeId: number, word: NodeWord | undefined): Promise<HeartbeatResult> {
    return this.#recordChange(this.#heartbeats, { kind: 'alive', cluster, nodeId, word });
  }

  /** Marks the node as not alive until its next heartbeat. Returns `false`, and stores nothing, if there is no such node. */
  leave(cluster: string, nodeId: number, word: NodeWord | undefined): Promise<HeartbeatResult> {
    return this.#recordChange(this.#arrivals, { kind: 'left', cluster, nodeId, word });
  }

  /** Ignores a node that is not registered. */
  noteHeld(cluster: string, nodeId: number, word: NodeWord): void {
    if (!this.#registrations.has(cluster, nodeId)) return;
    this.#voices.poll(cluster, nodeId, word);
    this.#heartbeats.hear(cluster, { nodeId, isPoll: true, word });
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
      // What it said last was stored in this moment: once more.
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

  /** Ordered by id. */
  async list(cluster: string): Promise<readonly StoredNode[]> {
    const { ranges } = await this.#connection.call(etcd.txn, {
      compare: [],
      success: this.#log.reading,
    });
    const [names, fresh] = ranges;
    const alive = names && fresh && this.#noteReading(() => this.#log.aliveIn(cluster, names, fresh));
    const reports = await this.#reports.of(cluster);
    const nodes: StoredNode[] = [];
    for await (const { key, value } of inPages(this.#connection, this.#keys.nodesOf(cluster))) {
      const id = this.#keys.nodeIdOf(key);
      const { ip, hostname, bindAddress, ...record } = decodeNode(key, value);
      const said = this.#voices.said(cluster, id) ?? this.#keptOf(record);
      const report = reports.get(id);
      nodes.push({
        id,
        ip,
        hostname,
        bindAddress,
        alive: alive?.has(id) === true,
        ...(said === undefined ? {} : { said }),
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
    const { cluster, nodeId, word } = change;
    const isRegistered = this.#lookups.isRegistered(cluster, nodeId);
    if (isRegistered !== true && !(await isRegistered)) return false;
    if (word !== undefined) {
      const kind = this.#voices.kindOf(cluster, nodeId);
      if (this.#voices.heartbeat(cluster, nodeId, word) === 'duplicate') {
        // The manager that hears the other process must find out as well.
        this.#heartbeats.hear(cluster, { nodeId, isPoll: false, word });
        return 'duplicate';
      }
      const isOther = kind !== undefined && this.#voices.kindOf(cluster, nodeId) !== kind;
      if (isOther) this.#lastWords.changed(cluster, nodeId);
    }
    const isKnown = await nodeUpdates.record(change);
    if (isKnown) this.#lastWords.ours(cluster, nodeId);
    else this.#forget(cluster, nodeId);
    return isKnown;
  }

  #forget(cluster: string, nodeId: number): void {
    this.#voices.forget(cluster, nodeId);
    this.#lastWords.notOurs(cluster, nodeId);
  }

  /** What is known of a node that was not heard of since the store opened. */
  #keptOf({ kind, last }: Pick<NodeRecord, 'kind' | 'last'>): SaidOfNode | undefined {
    return last === undefined ? kind && { kind } : saidIn(last, this.#clock.now());
  }

  /** Reads what other managers heard, and stores what nodes said last that are dead now. */
  async #read(): Promise<void> {
    const { ranges } = await this.#connection.call(etcd.txn, { compare: [], success: this.#log.reading });
    const [names, fresh] = ranges;
    if (names && fresh) this.#noteReading(() => this.#log.takeUp(names, fresh));
    await this.#lastWords.store();
  }

  #noteReading<T>(takeUp: () => T): T {
    const result = takeUp();
    this.#readAt = this.#clock.monotonic();
    return result;
  }

  #hearForeign({ cluster, words = [] }: LivenessDelta): void {
    // What was read after a long time may have been said long ago.
    const isTimed = this.#clock.monotonic() - this.#readAt <= 2 * this.#interval;
    for (const { nodeId, isPoll, word } of words) {
      if (isPoll) this.#voices.poll(cluster, nodeId, word, isTimed);
      else {
        this.#voices.heartbeat(cluster, nodeId, word, isTimed);
        this.#lastWords.notOurs(cluster, nodeId);
      }
    }
  }

  /** The operation that informs every manager that nodes were removed, when it next stores node changes. */
  #removalMark(cluster: string, lease: number): Operation {
    return { put: this.#keys.removal(cluster), value: new Uint8Array(), lease };
  }
}
