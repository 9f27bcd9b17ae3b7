import { emptyMetaData } from '../../meta/empty-metadata.js';
import type { MetaData } from '../../meta/records.js';
import { provisionMetadata } from '../provision/provision-metadata.js';
import { shardsIn } from '../read/shards-in.js';
import { describeItem, internalDatabase, itemsOf, keyOf, keysOf } from '../statements/item.js';
import { DroppedItems, placeIn } from './dropped-items.js';
import { numberGroups, type PlacedGroup } from './number-groups.js';
import { placeOf } from './place-of.js';
import { about } from './policy-groups.js';
import { rebuildDatabases } from './rebuild-databases.js';
import { rebuildPolicy } from './rebuild-policy.js';
import type { Recovery } from './recovery.js';
import type { RecoveredPolicy, RecoveryFinding } from './recovery-report.js';
import {
  databaseIn,
  droppedKeys,
  ownMetadata,
  type RecoverySources,
  withoutGroups,
} from './recovery-sources.js';
import { serverIdentity } from './server-identity.js';
import type { DiskContent } from './shards-on-disk.js';
import { usableShards } from './usable-shards.js';

/** Options of {@link rebuildMetadata}. */
export interface RebuildOptions {
  /** Whether to recreate databases and policies that the cluster dropped and that are on disk or in older metadata. */
  readonly withDropped: boolean;
  readonly localSubscriptions?: string | undefined;
}

/** Metadata of a server, rebuilt from its disk and from what is known. */
export interface Rebuilt {
  readonly metadata: MetaData;
  readonly policies: readonly RecoveredPolicy[];
  readonly findings: readonly RecoveryFinding[];
}

/**
 * Rebuilds the metadata of a server: its shard groups from the shards on disk, all else from the cluster and from older metadata of the
 * server. A pure function.
 */
export function rebuildMetadata(
  disk: DiskContent,
  sources: RecoverySources,
  options: RebuildOptions,
): Rebuilt {
  const own = ownMetadata(sources);
  const findings: RecoveryFinding[] = [];
  const { withDropped } = options;
  const dropped = new DroppedItems(droppedKeys(sources), { onDisk: disk.policies, withDropped, findings });
  const recovery: Recovery = { disk, sources, own, dropped, findings };
  for (const { path, reason } of disk.skipped)
    findings.push({ kind: 'damaged', message: `${path}: ${reason}`, path });
  listReused(recovery);
  const shards = usableShards(disk.shards, own, findings);
  const base = olderMetadata(recovery);
  const groups: PlacedGroup[] = [];
  const policies: RecoveredPolicy[] = [];
  const databases = rebuildDatabases(base, recovery).map((database) => ({
    ...database,
    retentionPolicies: database.retentionPolicies.map((policy) => {
      const here = shards.get(placeOf(database.name, policy.name)) ?? [];
      const rebuilt = rebuildPolicy(database.name, policy, here, recovery);
      groups.push(
        ...rebuilt.groups.map((found) => ({ database: database.name, policy: policy.name, found })),
      );
      policies.push(rebuilt.recovered);
      return { ...policy, shardGroupDuration: rebuilt.shardGroupDuration };
    }),
  }));
  const identity = serverIdentity(base, recovery);
  const { cluster } = sources;
  const known = [...own, ...(cluster === undefined ? [] : [cluster])];
  const numbered = numberGroups({ ...base, ...identity, databases }, groups, known, disk.shards);
  return { metadata: withCluster(numbered, recovery, options), policies, findings };
}

/** Returns the older metadata of the server, without what the cluster dropped. */
function olderMetadata({ own, dropped }: Recovery): MetaData {
  const [newer, older] = own.map((data) => dropped.removedFrom(data));
  if (newer === undefined) return emptyMetaData();
  const all = older === undefined ? newer : layered(older, newer);
  // The groups are those of the shards on disk.
  return { ...all, databases: all.databases.map(withoutGroups) };
}

/** Returns what both metadata of a server have, with the values of `newer`. */
const layered = (older: MetaData, newer: MetaData): MetaData => {
  const all = provisionMetadata(older, newer, { localSubscriptions: '' }).metadata;
  const internal = databaseIn(newer, internalDatabase);
  const databases =
    internal === undefined
      ? all.databases
      : [internal, ...all.databases.filter(({ name }) => name !== internalDatabase)];
  return { ...newer, databases, users: all.users };
};

function withCluster(data: MetaData, recovery: Recovery, { localSubscriptions }: RebuildOptions): MetaData {
  const { cluster } = recovery.sources;
  if (cluster === undefined) return data;
  listUnmanaged(data, cluster, recovery);
  const local = localSubscriptions === undefined ? {} : { localSubscriptions };
  const { metadata, refused } = provisionMetadata(data, cluster, local);
  for (const { item, reason } of refused)
    recovery.findings.push({
      kind: 'note',
      message: `${describeItem(item)} of the cluster is left out: ${reason}`,
    });
  return metadata;
}

/** Lists databases, policies and users that only the server has, because nothing shows that the cluster dropped them. */
function listUnmanaged(data: MetaData, cluster: MetaData, { dropped, findings }: Recovery): void {
  const current = new Set(keysOf(cluster));
  for (const item of itemsOf(data)) {
    const isListed = item.kind === 'database' || item.kind === 'retentionPolicy' || item.kind === 'user';
    if (!isListed || current.has(keyOf(item)) || dropped.has(item)) continue;
    findings.push({
      kind: 'note',
      message: `${describeItem(item)} is not in the cluster, and nothing shows that the cluster dropped it: recovered`,
      ...placeIn(item),
    });
  }
}

/** Lists shards of the present metadata whose id on disk is that of another policy: points of both were mixed since the loss. */
function listReused({ disk, sources, findings }: Recovery): void {
  const { present } = sources;
  if (present === undefined) return;
  const onDisk = new Map(disk.shards.map((shard) => [shard.id, shard]));
  for (const { id, database, policy } of shardsIn(present)) {
    const shard = onDisk.get(id);
    if (shard === undefined || (shard.database === database && shard.policy === policy)) continue;
    const text = `is one of ${JSON.stringify(database)}.${JSON.stringify(policy)} in the present meta.db: points that were written there since the loss are among those of ${JSON.stringify(shard.database)}`;
    findings.push(about(shard, 'contradiction', text));
  }
}
