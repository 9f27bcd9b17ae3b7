import type { Clock } from '../../clock.js';
import type { NodeProgress } from '../../protocol/node-progress.js';
import { type NodeReport, writeReport } from '../../protocol/node-report.js';
import type { NodeDescription, NodeInfo, Registration } from '../../protocol/nodes.js';
import { noVersion } from '../../protocol/version.js';
import type { Requester } from '../audit.js';
import type { AuditTrail } from '../audit-trail.js';
import type { KnownClusters } from '../known-clusters.js';
import { checkDescription } from '../limits.js';
import type { HeartbeatResult, NodeDetails } from '../manager-store.js';
import type { OpenClusters } from '../open-clusters.js';
import { duplicateNode, nodeNotFound } from '../refusals.js';
import { TimeSlice } from '../time-slice.js';
import type { TimedStore } from '../timed-store.js';
import { nodeInfoOf } from './node-info.js';

/** A registration, with the recorded details. */
export interface RegisteredNode extends Registration {
  readonly node: NodeDetails;
}

interface Parts {
  readonly store: TimedStore;
  readonly clock: Clock;
  readonly nodeTtl: number;
  readonly known: KnownClusters;
  readonly clusters: OpenClusters;
  readonly trail: AuditTrail;
}

/** Registers the nodes of clusters, and records what they report. The caller has checked the name of the cluster and all tokens. */
export class NodeRegistry {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async register(
    cluster: string,
    description: NodeDescription,
    requester: Requester,
    instance: string | undefined,
  ): Promise<RegisteredNode> {
    const { store, clock, nodeTtl, known, trail } = this.#parts;
    checkDescription(description);
    const node = detailsOf(description, requester);
    await known.admit(cluster);
    const id = await store.addNode(cluster, node, { instance });
    trail.record({ action: 'register', cluster, nodeId: id }, requester);
    return { id, expirationDate: new Date(clock.now() + nodeTtl).toISOString(), node };
  }

  /** Synchronous if the store is. Throws `DUPLICATE_NODE`. */
  heartbeat(
    cluster: string,
    nodeId: number,
    { leaving, progress }: { readonly leaving: boolean; readonly progress: NodeProgress },
  ): boolean | Promise<boolean> {
    const { store, clusters } = this.#parts;
    const recorded = (known: HeartbeatResult): boolean => {
      if (known === 'duplicate') throw duplicateNode(nodeId);
      if (known) clusters.get(cluster)?.noteProgress(nodeId, progress, false);
      return known;
    };
    const result = store.heartbeat(cluster, nodeId, leaving, progress);
    return typeof result === 'object' ? result.then(recorded) : recorded(result);
  }

  /** Records the progress in the poll of a node. A poll at version 0 does not confirm a held version (R28). */
  polled(cluster: string, nodeId: number, progress: NodeProgress & { readonly version: number }): void {
    if (progress.version === noVersion) return;
    this.#parts.store.noteHeld(cluster, nodeId, progress);
    this.#parts.clusters.get(cluster)?.noteProgress(nodeId, progress, true);
  }

  async describe(
    cluster: string,
    nodeId: number,
    description: NodeDescription,
    requester: Requester,
  ): Promise<void> {
    checkDescription(description);
    const update = await this.#parts.store.updateNode(cluster, nodeId, detailsOf(description, requester));
    if (update === 'changed') this.#parts.trail.record({ action: 'update-node', cluster, nodeId }, requester);
  }

  async report(cluster: string, nodeId: number, report: NodeReport): Promise<void> {
    if (!(await this.#parts.store.setReport(cluster, nodeId, writeReport(report))))
      throw nodeNotFound(nodeId);
  }

  async deregister(cluster: string, nodeId: number, requester: Requester): Promise<void> {
    if (!(await this.#parts.store.removeNode(cluster, nodeId))) throw nodeNotFound(nodeId);
    this.#parts.trail.record({ action: 'deregister', cluster, nodeId }, requester);
  }

  async list(cluster: string): Promise<readonly NodeInfo[]> {
    const { store } = this.#parts;
    const nodes = await store.nodes(cluster);
    if (nodes.length === 0) return [];
    const head = await store.head(cluster);
    const slice = new TimeSlice();
    const shown: NodeInfo[] = [];
    for (const node of nodes) {
      shown.push(nodeInfoOf(node, head));
      await slice.rest();
    }
    return shown;
  }
}

/** The recorded part of a description. */
const detailsOf = (
  { ip, hostname, bindAddress }: NodeDescription,
  { remote = '' }: Requester,
): NodeDetails => ({
  ip,
  hostname,
  bindAddress: bindAddress ?? remote,
});
