import type { NodeDetails } from '../manager-store.js';

/** Whether two descriptions of a node are equal. */
export const isSameNode = (a: NodeDetails, b: NodeDetails): boolean =>
  a.ip === b.ip && a.hostname === b.hostname && a.bindAddress === b.bindAddress;

/** A set of the nodes of clusters, without a composed key per lookup. */
export class NodeSet {
  readonly #clusters = new Map<string, Set<number>>();

  has(cluster: string, nodeId: number): boolean {
    return this.#clusters.get(cluster)?.has(nodeId) === true;
  }

  add(cluster: string, nodeId: number): void {
    const nodes = this.#clusters.get(cluster);
    if (nodes === undefined) this.#clusters.set(cluster, new Set([nodeId]));
    else nodes.add(nodeId);
  }

  delete(cluster: string, nodeId: number): void {
    const nodes = this.#clusters.get(cluster);
    nodes?.delete(nodeId);
    if (nodes?.size === 0) this.#clusters.delete(cluster);
  }

  deleteAll(cluster: string): void {
    this.#clusters.delete(cluster);
  }

  *[Symbol.iterator](): IterableIterator<{ readonly cluster: string; readonly nodeId: number }> {
    for (const [cluster, nodes] of this.#clusters) for (const nodeId of nodes) yield { cluster, nodeId };
  }

  clear(): void {
    this.#clusters.clear();
  }
}
