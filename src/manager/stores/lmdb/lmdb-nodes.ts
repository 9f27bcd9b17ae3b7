import { kindOf, type NodeProgress } from '../../../protocol/node-progress.js';
import { tooManyNodes } from '../../limits.js';
import { Liveness } from '../../liveness.js';
import type {
  HeartbeatResult,
  NodeDetails,
  NodeUpdate,
  StoreContext,
  StoredNode,
} from '../../manager-store.js';
import { checkReportRoom } from '../../nodes/report-room.js';
import { progressIn, storedProgressOf } from '../../nodes/stored-progress.js';
import type { KnownProgress } from '../../nodes/tracked-node.js';
import { TrackedNodes } from '../../nodes/tracked-nodes.js';
import { isSameNode, NodeSet } from '../node-set.js';
import { nextNumber } from '../numbering.js';
import type { LmdbChanges } from './lmdb-changes.js';
import { type NodeState, stateOf, type Tables } from './lmdb-database.js';
import { clusterKey, clusterOf, numberedKey, numberOf } from './lmdb-keys.js';
import { inPages } from './lmdb-pages.js';
import { nodeRange } from './lmdb-removed-nodes.js';

/** Nodes whose last progress is stored in one transaction; it takes about 10 ms. */
const maxNodesAtOnce = 2_000;

/** The nodes of clusters. Registrations are stored, and the last progress of dead nodes; liveness is not. */
export class LmdbNodes {
  readonly #tables: Tables;
  readonly #changes: LmdbChanges;
  readonly #context: StoreContext;
  readonly #liveness: Liveness;
  readonly #tracked: TrackedNodes;
  /** Nodes that were there when this process looked, and no other process has changed anything since. */
  readonly #confirmed = new NodeSet();

  constructor(tables: Tables, changes: LmdbChanges, context: StoreContext) {
    this.#tables = tables;
    this.#changes = changes;
    this.#context = context;
    this.#tracked = new TrackedNodes(context.clock, context.nodeTtl);
    this.#liveness = new Liveness(context.clock, context.nodeTtl, (cluster, dead) => {
      // If it fails, only the progress of these nodes is unknown after a restart of the manager.
      this.#keepLastWords(cluster, dead).catch(() => {});
    });
    // Nodes do not expire for the time in which no manager ran (R23); nodes that left stay not alive.
    for (const { key, value } of tables.nodes.getRange()) {
      if (!value.left) this.#liveness.heartbeat(clusterOf(key), numberOf(key));
    }
  }

  async add(
    cluster: string,
    { ip, hostname, bindAddress }: NodeDetails,
    progress: NodeProgress | undefined,
  ): Promise<number> {
    const { maxNodes, clock } = this.#context;
    const tables = this.#tables;
    const kind = progress === undefined ? {} : { kind: kindOf({ instance: progress.instance }) };
    const id = await this.#changes.write(() => {
      const state = stateOf(tables, cluster);
      if (state.nodes >= maxNodes) return undefined;
      const last = tables.store.get('lastNodeId');
      const next = nextNumber(typeof last === 'number' ? last : 0, clock.now());
      tables.store.putSync('lastNodeId', next);
      tables.nodes.putSync(numberedKey(cluster, next), { ip, hostname, bindAddress, left: false, ...kind });
      tables.clusters.putSync(clusterKey(cluster), { ...state, nodes: state.nodes + 1 });
      return next;
    });
    if (id === undefined) throw tooManyNodes(maxNodes);
    this.#liveness.heartbeat(cluster, id);
    if (progress !== undefined) this.#tracked.registered(cluster, id, progress);
    return id;
  }

  heartbeat(
    cluster: string,
    nodeId: number,
    leaving: boolean,
    progress: NodeProgress | undefined,
  ): HeartbeatResult | Promise<HeartbeatResult> {
    if (leaving || !this.#confirmed.has(cluster, nodeId)) {
      return this.#firstBeat(cluster, nodeId, leaving, progress);
    }
    if (progress !== undefined) {
      const kind = this.#tracked.kindOf(cluster, nodeId);
      if (this.#tracked.heartbeat(cluster, nodeId, progress) === 'duplicate') return 'duplicate';
      if (this.#tracked.kindOf(cluster, nodeId) !== kind) {
        return this.#firstBeat(cluster, nodeId, leaving, undefined);
      }
    }
    this.#liveness.heartbeat(cluster, nodeId);
    return true;
  }

  /** Ignores a node that is not registered. */
  noteHeld(cluster: string, nodeId: number, progress: NodeProgress): void {
    if (this.#confirmed.has(cluster, nodeId) || this.#node(cluster, nodeId) !== undefined)
      this.#tracked.poll(cluster, nodeId, progress);
  }

  setReport(cluster: string, nodeId: number, report: string): Promise<boolean> {
    const tables = this.#tables;
    const key = numberedKey(cluster, nodeId);
    const bytes = Buffer.byteLength(report);
    return this.#changes.write(() => {
      if (this.#node(cluster, nodeId) === undefined) return false;
      const state = stateOf(tables, cluster);
      const others = (state.reportBytes ?? 0) - this.#reportBytes(key);
      checkReportRoom(others, bytes);
      tables.reports.putSync(key, report);
      tables.clusters.putSync(clusterKey(cluster), { ...state, reportBytes: others + bytes });
      return true;
    });
  }

  update(cluster: string, nodeId: number, node: NodeDetails): Promise<NodeUpdate> {
    const tables = this.#tables;
    const key = numberedKey(cluster, nodeId);
    const { ip, hostname, bindAddress } = node;
    return this.#changes.write(() => {
      const current = this.#node(cluster, nodeId);
      if (current === undefined) return 'unknown';
      if (isSameNode(current, node)) return 'unchanged';
      tables.nodes.putSync(key, { ...current, ip, hostname, bindAddress });
      return 'changed';
    });
  }

  async remove(cluster: string, nodeId: number): Promise<boolean> {
    const tables = this.#tables;
    const key = numberedKey(cluster, nodeId);
    const existed = await this.#changes.change(cluster, () => {
      if (this.#node(cluster, nodeId) === undefined) return false;
      const state = stateOf(tables, cluster);
      const reportBytes = (state.reportBytes ?? 0) - this.#reportBytes(key);
      tables.nodes.removeSync(key);
      tables.reports.removeSync(key);
      tables.clusters.putSync(clusterKey(cluster), { ...state, nodes: state.nodes - 1, reportBytes });
      return true;
    });
    this.end(cluster, nodeId);
    return existed;
  }

  /** Forgets what the nodes of a deleted cluster reported. */
  forgetAll(cluster: string): void {
    this.#confirmed.deleteAll(cluster);
    this.#liveness.endAll(cluster);
    this.#tracked.forgetAll(cluster);
  }

  /** Ordered by id. */
  async list(cluster: string): Promise<readonly StoredNode[]> {
    this.#tables.root.resetReadTxn();
    const nodes: StoredNode[] = [];
    for await (const { key, value } of inPages(this.#tables.nodes, nodeRange(this.#tables, cluster))) {
      const id = numberOf(key);
      const { ip, hostname, bindAddress } = value;
      const progress = this.#tracked.progress(cluster, id) ?? this.#keptOf(value);
      const report = this.#tables.reports.get(key);
      const alive = this.#liveness.isAlive(cluster, id);
      nodes.push({
        id,
        ip,
        hostname,
        bindAddress,
        alive,
        ...(value.left && !alive ? { left: true } : {}),
        ...(progress === undefined ? {} : { progress }),
        ...(report === undefined ? {} : { reportJson: report }),
      });
    }
    return nodes;
  }

  /** Marks the node as not alive until its next heartbeat. */
  end(cluster: string, nodeId: number): void {
    this.#confirmed.delete(cluster, nodeId);
    this.#liveness.end(cluster, nodeId);
    this.#tracked.forget(cluster, nodeId);
  }

  /** Another process may have removed nodes. */
  doubt(): void {
    this.#confirmed.clear();
  }

  close(): void {
    this.#confirmed.clear();
    this.#liveness.close();
    this.#tracked.clear();
  }

  /** Reads the record of a node that exists. */
  #node(cluster: string, nodeId: number): NodeState | undefined {
    const node = this.#tables.nodes.get(numberedKey(cluster, nodeId));
    if (node === undefined) return undefined;
    const { removedNodes = 0 } = stateOf(this.#tables, cluster);
    return nodeId > removedNodes ? node : undefined;
  }

  #reportBytes(key: Buffer): number {
    return Buffer.byteLength(this.#tables.reports.get(key) ?? '');
  }

  /** Handles a heartbeat that may change the stored record. */
  async #firstBeat(
    cluster: string,
    nodeId: number,
    leaving: boolean,
    progress: NodeProgress | undefined,
  ): Promise<HeartbeatResult> {
    const tables = this.#tables;
    const key = numberedKey(cluster, nodeId);
    let node = this.#node(cluster, nodeId);
    if (node === undefined) {
      // Another process may have just created it.
      tables.root.resetReadTxn();
      node = this.#node(cluster, nodeId);
    }
    if (node === undefined) return false;
    if (progress !== undefined && this.#tracked.heartbeat(cluster, nodeId, progress) === 'duplicate')
      return 'duplicate';
    const kind = this.#tracked.kindOf(cluster, nodeId) ?? node.kind;
    if (node.left !== leaving || node.kind !== kind) {
      const last = leaving ? this.#lastWordOf(cluster, nodeId) : {};
      await this.#changes.write(() => {
        const current = this.#node(cluster, nodeId);
        if (current === undefined) return;
        tables.nodes.putSync(key, {
          ...current,
          left: leaving,
          ...last,
          ...(kind === undefined ? {} : { kind }),
        });
      });
    }
    if (leaving) {
      this.#confirmed.delete(cluster, nodeId);
      this.#liveness.end(cluster, nodeId);
    } else this.#liveness.heartbeat(cluster, nodeId);
    // Without a look at what other processes do, nothing would take that back.
    if (!leaving && this.#changes.isWatched) this.#confirmed.add(cluster, nodeId);
    return true;
  }

  /** Returns the stored progress of a node without a heartbeat since the store opened. */
  #keptOf({ left, kind, last }: NodeState): KnownProgress | undefined {
    if (last === undefined) return kind && { kind };
    const progress = progressIn(last, this.#context.clock.now());
    // A node that has not left may have changed since.
    return left ? progress : { ...progress, kind: kind ?? progress.kind };
  }

  #lastWordOf(cluster: string, nodeId: number): Pick<NodeState, 'last'> {
    const progress = this.#tracked.progress(cluster, nodeId);
    return progress === undefined ? {} : { last: storedProgressOf(progress, this.#context.clock.now()) };
  }

  /** Stores the last progress of nodes that died. */
  async #keepLastWords(cluster: string, dead: readonly number[]): Promise<void> {
    const { nodes } = this.#tables;
    for (let at = 0; at < dead.length; at += maxNodesAtOnce) {
      await this.#changes.write(() => {
        for (const nodeId of dead.slice(at, at + maxNodesAtOnce)) {
          const current = this.#node(cluster, nodeId);
          if (current === undefined) continue;
          nodes.putSync(numberedKey(cluster, nodeId), { ...current, ...this.#lastWordOf(cluster, nodeId) });
        }
      });
    }
  }
}
