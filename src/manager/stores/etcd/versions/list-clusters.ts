import { inPages } from '../connect/in-pages.js';
import type { EtcdParts } from '../etcd-parts.js';
import { decodeHead, emptyHead, type StoredHead } from './stored-head.js';

export interface ListedCluster {
  readonly cluster: string;
  readonly head: StoredHead;
}

/** Lists every cluster with data or nodes, ordered by name. */
export async function listClusters({ connection, keys }: EtcdParts): Promise<readonly ListedCluster[]> {
  const heads = new Map<string, StoredHead>();
  const found = new Set<string>();
  for await (const { key, value } of inPages(connection, keys.heads)) {
    const head = decodeHead(key, value);
    heads.set(keys.clusterOf(key), head);
    if (head.versions.length > 0) found.add(keys.clusterOf(key));
  }
  for await (const { key } of inPages(connection, { ...keys.allNodes, keysOnly: true }))
    found.add(keys.clusterOf(key));
  return [...found].sort().map((cluster) => ({ cluster, head: heads.get(cluster) ?? emptyHead }));
}
