import type {
  DatabaseInfo,
  MeasurementSource,
  MetaData,
  RetentionPolicyInfo,
  ShardGroupInfo,
  ShardInfo,
  ShardOwnership,
} from '../records.js';
import { requireDatabase } from './database-lookup.js';
import { requirePolicy } from './retention-policies.js';

interface PlacedShardGroup {
  readonly database: DatabaseInfo;
  readonly policy: RetentionPolicyInfo;
  readonly group: ShardGroupInfo;
}

function* allShardGroups(data: MetaData): Generator<PlacedShardGroup> {
  for (const database of data.databases) {
    for (const policy of database.retentionPolicies) {
      for (const group of policy.shardGroups) yield { database, policy, group };
    }
  }
}

/** Includes shards of deleted groups; ascending. */
export function shardIds(data: MetaData): readonly bigint[] {
  const ids: bigint[] = [];
  for (const { group } of allShardGroups(data)) for (const shard of group.shards) ids.push(shard.id);
  return [...BigUint64Array.from(ids).sort()];
}

/** Returns the groups that contain any time from `min` to `max`, both included. */
export function shardGroupsByTimeRange(
  data: MetaData,
  databaseName: string,
  policyName: string,
  min: bigint,
  max: bigint,
): readonly ShardGroupInfo[] {
  const policy = requirePolicy(requireDatabase(data, databaseName), policyName);
  return policy.shardGroups.filter(
    ({ startTime, endTime, deletedAt }) => deletedAt === undefined && startTime <= max && endTime > min,
  );
}

/** Returns each shard once. */
export function shardsByTimeRange(
  data: MetaData,
  sources: readonly MeasurementSource[],
  min: bigint,
  max: bigint,
): readonly ShardInfo[] {
  const shards = new Set<ShardInfo>();
  for (const { database, retentionPolicy } of sources) {
    for (const group of shardGroupsByTimeRange(data, database, retentionPolicy, min, max)) {
      for (const shard of group.shards) shards.add(shard);
    }
  }
  return [...shards];
}

/** Returns the first group with the shard that is not deleted; `undefined` if there is none. */
export function shardOwner(data: MetaData, shardId: bigint): ShardOwnership | undefined {
  for (const { database, policy, group } of allShardGroups(data)) {
    if (group.deletedAt === undefined && group.shards.some((shard) => shard.id === shardId)) {
      return { database: database.name, retentionPolicy: policy.name, shardGroup: group };
    }
  }
  return undefined;
}
