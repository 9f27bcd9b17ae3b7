import type { NodeInfo } from '../../../protocol/nodes.js';
import { tooManyNodes } from '../../limits.js';
import { Liveness } from '../../liveness.js';
import type { NodeDetails, NodeUpdate, StoreContext } from '../../manager-store.js';
import { isSameNode, NodeSet } from '../node-set.js';
import { nextNumber } from '../numbering.js';
import type { LmdbChanges } from './lmdb-changes.js';
import { stateOf, type Tables } from './lmdb-database.js';
import { clusterKey, clusterOf, clusterRange, numberedKey, numberOf } from './lmdb-keys.js';
import { inPages } from './lmdb-pages.js';

/** Nodes removed in one transaction; it takes about 10 ms. */
const maxRemovals = 2_000;

/** The nodes of clusters: registrations are stored, liveness is not. */
export class LmdbNodes {
  readonly #tables: Tables;
  readonly #changes: LmdbChanges;
  readonly #context: StoreContext;
  readonly #liveness: Liveness;
  /** Nodes that existed when this process read them, while no other process has changed anything since. */
  readonly #confirmed = new NodeSet();

  constructor(tables: Tables, changes: LmdbChanges, context: StoreContext) {
    this.#tables = tables;
    this.#changes = changes;
    this.#context = context;
    this.#liveness = new Liveness(context.clock, context.nodeTtl);
    // No node expires because of time in which no manager ran (R23); a node that had shut down stays not alive.
    for (const { key, value } of tables.nodes.getRange()) {
      if (!value.left) this.#liveness.heartbeat(clusterOf(key), numberOf(key));
    }
  }

  async add(cluster: string, { ip, hostname, bindAddress }: NodeDetails): Promise<number> {
    const { maxNodes, clock } = this.#context;
    const tables = this.#tables;
    const id = await this.#changes.write(() => {
      const state = stateOf(tables, cluster);
      if (state.nodes >= maxNodes) return undefined;
      const last = tables.store.get('lastNodeId');
      const next = nextNumber(typeof last === 'number' ? last : 0, clock.now());
      tables.store.putSync('lastNodeId', next);
      tables.nodes.putSync(numberedKey(cluster, next), { ip, hostname, bindAddress, left: false });
      tables.clusters.putSync(clusterKey(cluster), { ...state, nodes: state.nodes + 1 });
      return next;
    });
    if (id === undefined) throw tooManyNodes(maxNodes);
    this.#liveness.heartbeat(cluster, id);
    return id;
  }

  heartbeat(cluster: string, nodeId: number, leaving: boolean): boolean | Promise<boolean> {
    if (leaving || !this.#confirmed.has(cluster, nodeId)) return this.#firstBeat(cluster, nodeId, leaving);
    this.#liveness.heartbeat(cluster, nodeId);
    return true;
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
      const state = stateOf(tables, cluster);
      tables.nodes.removeSync(key);
      tables.clusters.putSync(clusterKey(cluster), { ...state, nodes: state.nodes - 1 });
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
        for (const key of found) tables.nodes.removeSync(key);
        const state = stateOf(tables, cluster);
        tables.clusters.putSync(clusterKey(cluster), { ...state, nodes: state.nodes - found.length });
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
  async list(cluster: string): Promise<readonly NodeInfo[]> {
    this.#tables.root.resetReadTxn();
    const nodes: NodeInfo[] = [];
    for await (const { key, value } of inPages(this.#tables.nodes, clusterRange(cluster))) {
      const id = numberOf(key);
      const { ip, hostname, bindAddress } = value;
      nodes.push({ id, ip, hostname, bindAddress, alive: this.#liveness.isAlive(cluster, id) });
    }
    return nodes;
  }

  /** Marks the node as not alive until its next heartbeat. */
  end(cluster: string, nodeId: number): void {
    this.#confirmed.delete(cluster, nodeId);
    this.#liveness.end(cluster, nodeId);
  }

  /** Another process may have removed nodes. */
  doubt(): void {
    this.#confirmed.clear();
  }

  close(): void {
    this.#confirmed.clear();
    this.#liveness.close();
  }

  /** Handles a heartbeat that may change what is stored. */
  async #firstBeat(cluster: string, nodeId: number, leaving: boolean): Promise<boolean> {
    const tables = this.#tables;
    const key = numberedKey(cluster, nodeId);
    let node = tables.nodes.get(key);
    if (node === undefined) {
      // Another process may have just created it.
      tables.root.resetReadTxn();
      node = tables.nodes.get(key);
    }
    if (node === undefined) return false;
    if (node.left !== leaving) {
      await this.#changes.write(() => {
        const current = tables.nodes.get(key);
        if (current !== undefined) tables.nodes.putSync(key, { ...current, left: leaving });
      });
    }
    if (leaving) this.end(cluster, nodeId);
    else this.#liveness.heartbeat(cluster, nodeId);
    // Without watching other processes nothing would remove it from here.
    if (!leaving && this.#changes.isWatched) this.#confirmed.add(cluster, nodeId);
    return true;
  }
}
