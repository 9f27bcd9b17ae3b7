import type { EtcdParts } from './etcd-parts.js';
import type { KeyValue, RangeRequest } from './kv-messages.js';
import { etcd } from './methods.js';
import { decodeHead, emptyHead, type StoredHead } from './stored-head.js';

const page = 1_000;

export interface ListedCluster {
  readonly cluster: string;
  readonly head: StoredHead;
}

/** Every cluster with data or nodes, ordered by name. */
export async function listClusters({ connection, keys }: EtcdParts): Promise<readonly ListedCluster[]> {
  async function* all(range: RangeRequest): AsyncGenerator<KeyValue> {
    let { key } = range;
    for (;;) {
      const { kvs, more } = await connection.call(etcd.range, { ...range, key, limit: page });
      yield* kvs;
      const last = kvs.at(-1);
      if (!more || last === undefined) return;
      key = `${last.key}\0`;
    }
  }

  const heads = new Map<string, StoredHead>();
  const found = new Set<string>();
  for await (const { key, value } of all(keys.heads)) {
    const head = decodeHead(key, value);
    heads.set(keys.clusterOf(key), head);
    if (head.versions.length > 0) found.add(keys.clusterOf(key));
  }
  for await (const { key } of all({ ...keys.allNodes, keysOnly: true })) found.add(keys.clusterOf(key));
  return [...found].sort().map((cluster) => ({ cluster, head: heads.get(cluster) ?? emptyHead }));
}
