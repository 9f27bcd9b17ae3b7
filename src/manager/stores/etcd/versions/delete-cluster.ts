import { nextNumber } from '../../numbering.js';
import type { Operation } from '../api/kv-messages.js';
import { etcd } from '../api/methods.js';
import type { EtcdParts } from '../etcd-parts.js';
import { encodeHead } from './stored-head.js';

/**
 * Removes the data of a cluster in one transaction; its head stays, for its numbers. Returns `false`, and writes nothing, if there was no
 * data.
 */
export async function deleteCluster(
  { connection, keys, heads, nodes, context }: EtcdParts,
  cluster: string,
): Promise<boolean> {
  let existed = false;
  for (;;) {
    const { head, modRevision } = await heads.read(cluster);
    const { count } = await connection.call(etcd.range, { ...keys.nodesOf(cluster), countOnly: true });
    existed ||= head.versions.length > 0 || count > 0;
    if (!existed) return false;
    const latest = head.versions[0]?.record.version ?? head.generation;
    const deleted = { generation: nextNumber(latest, context.clock.now()), versions: [] };
    const everything = [keys.dataOf(cluster), keys.mutationsOf(cluster)];
    const { succeeded, revision } = await nodes.removing(cluster, (removal) =>
      connection.call(etcd.txn, {
        compare: [{ key: keys.head(cluster), modRevision }],
        success: [
          { put: keys.head(cluster), value: encodeHead(deleted) },
          ...everything.map(({ key, rangeEnd }): Operation => ({ deleteKey: key, rangeEnd })),
          { deleteKey: keys.drops(cluster) },
          ...removal,
        ],
      }),
    );
    if (!succeeded) continue;
    heads.noteHead(cluster, { head: deleted, modRevision: revision, revision });
    return true;
  }
}
