import { kindOf, type NodeWord } from '../../../protocol/node-word.js';
import { tooManyNodes } from '../../limits.js';
import { Liveness } from '../../liveness.js';
import type {
  HeartbeatResult,
  NodeDetails,
  NodeUpdate,
  StoreContext,
  StoredNode,
} from '../../manager-store.js';
import { lastWordOf, saidIn } from '../../nodes/last-word.js';
import { checkReportRoom } from '../../nodes/report-room.js';
import type { SaidOfNode } from '../../nodes/voice.js';
import { Voices } from '../../nodes/voices.js';
import { isSameNode, NodeSet } from '../node-set.js';
import { nextNumber } from '../numbering.js';
import type { LmdbChanges } from './lmdb-changes.js';
import { type NodeState, stateOf, type Tables } from './lmdb-database.js';
import { clusterKey, clusterOf, clusterRange, numberedKey, numberOf } from './lmdb-keys.js';
import { inPages } from './lmdb-pages.js';

/** Nodes removed in one transaction; it takes about 10 ms. */
const maxRemovals = 2_000;

/** The nodes of clusters: registrations are stored, liveness is not; of dead nodes, what they said last. */
export class LmdbNodes {
  readonly #tables: Tables;
  readonly #changes: LmdbChanges;
  readonly #context: StoreContext;
  readonly #liveness: Liveness;
  readonly #voices: Voices;
  /** Nodes that were there when this process looked, and no other process has changed anything since. */
  readonly #confirmed = new NodeSet();

  constructor(tables: Tables, changes: LmdbChanges, context: StoreContext) {
    this.#tables = tables;
    this.#changes = changes;
    this.#context = context;
    this.#voices = new Voices(context.clock, context.nodeTtl);
    this.#liveness = new Liveness(context.clock, context.nodeTtl, (cluster, dead) => {
      // What is lost of it is the age of a node after the next start of the manager.
      this.#keepLastWords(cluster, dead).catch(() => {});
    });
    // Nobody expires for the time in which no manager ran (R23); who had said good-bye stays gone.
    for (const { key, value } of tables.nodes.getRange()) {
      if (!value.left) this.#liveness.heartbeat(clusterOf(key), numberOf(key));
    }
  }

  async add(
    cluster: string,
    { ip, hostname, bindAddress }: NodeDetails,
    word: NodeWord | undefined,
  ): Promise<number> {
    const { maxNodes, clock } = this.#context;
    const tables = this.#tables;
    const kind = word === undefined ? {} : { kind: kindOf({ instance: word.instance }) };
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
    if (word !== undefined) this.#voices.registered(cluster, id, word);
    return id;
  }

  heartbeat(
    cluster: string,
    nodeId: number,
    leaving: boolean,
    word: NodeWord | undefined,
  ): HeartbeatResult | Promise<HeartbeatResult> {
    if (leaving || !this.#confirmed.has(cluster, nodeId)) {
      return this.#firstBeat(cluster, nodeId, leaving, word);
    }
    if (word !== undefined) {
      const kind = this.#voices.kindOf(cluster, nodeId);
      if (this.#voices.heartbeat(cluster, nodeId, word) === 'duplicate') return 'duplicate';
      if (this.#voices.kindOf(cluster, nodeId) !== kind) {
        return this.#firstBeat(cluster, nodeId, leaving, undefined);
      }
    }
    this.#liveness.heartbeat(cluster, nodeId);
    return true;
  }

  /** An unknown node says nothing. */
  noteHeld(cluster: string, nodeId: number, word: NodeWord): void {
    const isKnown =
      this.#confirmed.has(cluster, nodeId) || this.#tables.nodes.has(numberedKey(cluster, nodeId));
    if (isKnown) this.#voices.poll(cluster, nodeId, word);
  }

  setReport(cluster: string, nodeId: number, report: string): Promise<boolean> {
    const tables = this.#tables;
    const key = numberedKey(cluster, nodeId);
    const bytes = Buffer.byteLength(report);
    return this.#changes.write(() => {
      if (!tables.nodes.has(key)) return false;
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
      const current = tables.nodes.get(key);
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
      if (tables.nodes.get(key) === undefined) return false;
      this.#removeAtOnce(cluster, [key]);
      return true;
    });
    this.end(cluster, nodeId);
    return existed;
  }

  /**
   * Removes the nodes of a cluster that is being deleted, in several transactions: a single one of many nodes would block the event loop.
   * After a crash in between, the nodes that were already removed register again. Returns `false` if it had none.
   */
  async removeAll(cluster: string): Promise<boolean> {
    const tables = this.#tables;
    tables.root.resetReadTxn();
    const keys: Buffer[] = [];
    for await (const { key } of inPages(tables.nodes, clusterRange(cluster))) keys.push(key);
    let removed = 0;
    for (let at = 0; at < keys.length; at += maxRemovals) {
      const present = await this.#changes.write(() => {
        const found = keys.slice(at, at + maxRemovals).filter((key) => tables.nodes.has(key));
        this.#removeAtOnce(cluster, found);
        return found;
      });
      for (const key of present) this.end(cluster, numberOf(key));
      removed += present.length;
    }
    return removed > 0;
  }

  idsIn(cluster: string): readonly number[] {
    return Array.from(this.#tables.nodes.getKeys(clusterRange(cluster)), numberOf);
  }

  /** Ordered by id. */
  async list(cluster: string): Promise<readonly StoredNode[]> {
    this.#tables.root.resetReadTxn();
    const nodes: StoredNode[] = [];
    for await (const { key, value } of inPages(this.#tables.nodes, clusterRange(cluster))) {
      const id = numberOf(key);
      const { ip, hostname, bindAddress } = value;
      const said = this.#voices.said(cluster, id) ?? this.#keptOf(value);
      const report = this.#tables.reports.get(key);
      nodes.push({
        id,
        ip,
        hostname,
        bindAddress,
        alive: this.#liveness.isAlive(cluster, id),
        ...(said === undefined ? {} : { said }),
        ...(report === undefined ? {} : { reportJson: report }),
      });
    }
    return nodes;
  }

  /** Marks the node as not alive until its next heartbeat. */
  end(cluster: string, nodeId: number): void {
    this.#confirmed.delete(cluster, nodeId);
    this.#liveness.end(cluster, nodeId);
    this.#voices.forget(cluster, nodeId);
  }

  /** Another process may have removed nodes. */
  doubt(): void {
    this.#confirmed.clear();
  }

  close(): void {
    this.#confirmed.clear();
    this.#liveness.close();
    this.#voices.clear();
  }

  /** Removes stored nodes with their reports, within a transaction. */
  #removeAtOnce(cluster: string, keys: readonly Buffer[]): void {
    const { nodes, reports, clusters } = this.#tables;
    const state = stateOf(this.#tables, cluster);
    let reportBytes = state.reportBytes ?? 0;
    for (const key of keys) {
      reportBytes -= this.#reportBytes(key);
      nodes.removeSync(key);
      reports.removeSync(key);
    }
    clusters.putSync(clusterKey(cluster), { ...state, nodes: state.nodes - keys.length, reportBytes });
  }

  #reportBytes(key: Buffer): number {
    return Buffer.byteLength(this.#tables.reports.get(key) ?? '');
  }

  /** A beat that may change what is stored. */
  async #firstBeat(
    cluster: string,
    nodeId: number,
    leaving: boolean,
    word: NodeWord | undefined,
  ): Promise<HeartbeatResult> {
    const tables = this.#tables;
    const key = numberedKey(cluster, nodeId);
    let node = tables.nodes.get(key);
    if (node === undefined) {
      // Another process may have just created it.
      tables.root.resetReadTxn();
      node = tables.nodes.get(key);
    }
    if (node === undefined) return false;
    if (word !== undefined && this.#voices.heartbeat(cluster, nodeId, word) === 'duplicate')
      return 'duplicate';
    const kind = this.#voices.kindOf(cluster, nodeId) ?? node.kind;
    if (node.left !== leaving || node.kind !== kind) {
      const last = leaving ? this.#lastWordOf(cluster, nodeId) : {};
      await this.#changes.write(() => {
        const current = tables.nodes.get(key);
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

  /** What is known of a node that was not heard of since the store opened. */
  #keptOf({ left, kind, last }: NodeState): SaidOfNode | undefined {
    if (last === undefined) return kind && { kind };
    const said = saidIn(last, this.#context.clock.now());
    // A node that is not known to be dead was heard of after that.
    return left ? said : { ...said, kind: kind ?? said.kind };
  }

  #lastWordOf(cluster: string, nodeId: number): Pick<NodeState, 'last'> {
    const said = this.#voices.said(cluster, nodeId);
    return said === undefined ? {} : { last: lastWordOf(said, this.#context.clock.now()) };
  }

  /** Once for each death. */
  async #keepLastWords(cluster: string, dead: readonly number[]): Promise<void> {
    const { nodes } = this.#tables;
    for (let at = 0; at < dead.length; at += maxRemovals) {
      await this.#changes.write(() => {
        for (const nodeId of dead.slice(at, at + maxRemovals)) {
          const key = numberedKey(cluster, nodeId);
          const current = nodes.get(key);
          if (current !== undefined) nodes.putSync(key, { ...current, ...this.#lastWordOf(cluster, nodeId) });
        }
      });
    }
  }
}
