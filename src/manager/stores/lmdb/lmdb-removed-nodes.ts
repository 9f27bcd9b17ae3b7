import type { LmdbChanges } from './lmdb-changes.js';
import { type ClusterState, stateOf, type Tables } from './lmdb-database.js';
import { clusterKey, clusterOf, clusterRange, numberedKey } from './lmdb-keys.js';
import { inPages } from './lmdb-pages.js';

/*
 * The nodes of a deleted cluster end in one step: the record of the cluster notes the highest node id of that moment, and no node up to it
 * exists any more. Their records are removed after that, in several transactions, because a single one of many nodes would block the event
 * loop. A crash in between changes nothing for anybody. Ids are never used again (R21), so that a node that registers meanwhile is above.
 */

/** Records removed in one transaction; it takes about 10 ms. */
const maxRemovals = 2_000;

/** Returns the mark for a cluster whose nodes are removed now; nothing if it has none. */
export function removedNodesOf(
  tables: Tables,
  { nodes, removedNodes }: ClusterState,
): Pick<ClusterState, 'removedNodes'> {
  const last = tables.store.get('lastNodeId');
  const mark = nodes > 0 && typeof last === 'number' ? last : removedNodes;
  return mark === undefined ? {} : { removedNodes: mark };
}

/** Returns the range of the keys of the nodes that exist. */
export function nodeRange(tables: Tables, cluster: string): { start: Buffer; end: Buffer } {
  const { removedNodes } = stateOf(tables, cluster);
  const range = clusterRange(cluster);
  return removedNodes === undefined ? range : { ...range, start: numberedKey(cluster, removedNodes + 1) };
}

/** Removes the records of removed nodes, of one cluster. */
export async function sweepRemovedNodes(
  tables: Tables,
  changes: LmdbChanges,
  cluster: string,
): Promise<void> {
  const { removedNodes } = stateOf(tables, cluster);
  if (removedNodes === undefined) return;
  const range = { start: clusterKey(cluster), end: numberedKey(cluster, removedNodes + 1) };
  for (let isDone = false; !isDone; ) {
    isDone = await changes.write(() => {
      const keys = Array.from(tables.nodes.getKeys({ ...range, limit: maxRemovals }));
      for (const key of keys) {
        tables.nodes.removeSync(key);
        tables.reports.removeSync(key);
      }
      if (keys.length === maxRemovals) return false;
      const { removedNodes: mark, ...state } = stateOf(tables, cluster);
      if (mark === removedNodes) tables.clusters.putSync(clusterKey(cluster), state);
      return true;
    });
  }
}

/** Goes on where a process ended in the middle of a removal. */
export async function sweepAllRemovedNodes(tables: Tables, changes: LmdbChanges): Promise<void> {
  for await (const { key, value } of inPages(tables.clusters)) {
    if (value.removedNodes !== undefined) await sweepRemovedNodes(tables, changes, clusterOf(key));
  }
}
