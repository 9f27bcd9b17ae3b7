import type { NodeProgress } from '../../../protocol/node-progress.js';
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
import { TrackedNodes } from '../../nodes/tracked-nodes.js';
import { TimeSlice } from '../../time-slice.js';
import { isSameNode } from '../node-set.js';
import { nextNumber } from '../numbering.js';
import type { Memory, MemoryNode } from './memory.js';

/** The nodes of clusters, with what they reported since the first store on the memory was opened. */
export class MemoryNodes {
  readonly #memory: Memory;
  readonly #context: StoreContext;
  readonly #liveness: Liveness;
  readonly #tracked: TrackedNodes;

  constructor(memory: Memory, context: StoreContext) {
    this.#memory = memory;
    this.#context = context;
    this.#liveness = new Liveness(context.clock, context.nodeTtl);
    this.#tracked = new TrackedNodes(context.clock, context.nodeTtl);
    // Nodes do not expire for the time in which no store was open (R23).
    for (const [cluster, { nodes }] of memory.clusters) {
      for (const { info, left } of nodes.values()) if (!left) this.#liveness.heartbeat(cluster, info.id);
    }
  }

  close(): void {
    for (const [cluster, { nodes }] of this.#memory.clusters) {
      for (const [id, node] of nodes) node.kind = this.#tracked.kindOf(cluster, id) ?? node.kind;
    }
    this.#liveness.close();
  }

  add(cluster: string, details: NodeDetails, progress: NodeProgress | undefined): number {
    const { clock, maxNodes } = this.#context;
    const { ip, hostname, bindAddress } = details;
    if ((this.#memory.clusters.get(cluster)?.nodes.size ?? 0) >= maxNodes) throw tooManyNodes(maxNodes);
    this.#memory.lastNodeId = nextNumber(this.#memory.lastNodeId, clock.now());
    const id = this.#memory.lastNodeId;
    this.#memory.cluster(cluster).nodes.set(id, { info: { id, ip, hostname, bindAddress }, left: false });
    this.#liveness.heartbeat(cluster, id);
    if (progress !== undefined) this.#tracked.registered(cluster, id, progress);
    return id;
  }

  heartbeat(
    cluster: string,
    nodeId: number,
    leaving: boolean,
    progress: NodeProgress | undefined,
  ): HeartbeatResult {
    const node = this.#node(cluster, nodeId);
    if (node === undefined) return false;
    if (progress !== undefined && this.#tracked.heartbeat(cluster, nodeId, progress) === 'duplicate') {
      return 'duplicate';
    }
    node.left = leaving;
    if (leaving) this.#liveness.end(cluster, nodeId);
    else this.#liveness.heartbeat(cluster, nodeId);
    return true;
  }

  noteHeld(cluster: string, nodeId: number, progress: NodeProgress): void {
    if (this.#node(cluster, nodeId) !== undefined) this.#tracked.poll(cluster, nodeId, progress);
  }

  setReport(cluster: string, nodeId: number, report: string): boolean {
    const nodes = this.#memory.clusters.get(cluster)?.nodes;
    const node = nodes?.get(nodeId);
    if (nodes === undefined || node === undefined) return false;
    let others = 0;
    for (const each of nodes.values()) if (each !== node) others += Buffer.byteLength(each.report ?? '');
    checkReportRoom(others, Buffer.byteLength(report));
    node.report = report;
    return true;
  }

  update(cluster: string, nodeId: number, { ip, hostname, bindAddress }: NodeDetails): NodeUpdate {
    const node = this.#node(cluster, nodeId);
    if (node === undefined) return 'unknown';
    const info = { id: nodeId, ip, hostname, bindAddress };
    if (isSameNode(node.info, info)) return 'unchanged';
    node.info = info;
    return 'changed';
  }

  remove(cluster: string, nodeId: number): boolean {
    this.#liveness.end(cluster, nodeId);
    this.#tracked.forget(cluster, nodeId);
    const known = this.#memory.clusters.get(cluster);
    const existed = known?.nodes.delete(nodeId) ?? false;
    if (known?.nodes.size === 0 && known.versions.length === 0) this.#memory.clusters.delete(cluster);
    return existed;
  }

  /** Forgets what the nodes of a deleted cluster reported. */
  forgetAll(cluster: string): void {
    this.#liveness.endAll(cluster);
    this.#tracked.forgetAll(cluster);
  }

  async list(cluster: string): Promise<readonly StoredNode[]> {
    const nodes = [...(this.#memory.clusters.get(cluster)?.nodes.values() ?? [])];
    const slice = new TimeSlice();
    const listed: StoredNode[] = [];
    for (const { info, kind, report, left } of nodes) {
      const alive = this.#liveness.isAlive(cluster, info.id);
      const progress = this.#tracked.progress(cluster, info.id) ?? (kind && { kind });
      listed.push({
        ...info,
        alive,
        ...(left && !alive ? { left } : {}),
        ...(progress === undefined ? {} : { progress }),
        ...(report === undefined ? {} : { reportJson: report }),
      });
      await slice.rest();
    }
    return listed;
  }

  #node(cluster: string, nodeId: number): MemoryNode | undefined {
    return this.#memory.clusters.get(cluster)?.nodes.get(nodeId);
  }
}
