import { checkInt64 } from '../arguments.js';
import { day } from '../durations.js';
import { mapList } from '../named-list.js';
import type { DatabaseInfo, MetaData, RetentionPolicyInfo, ShardGroupInfo } from '../records.js';
import { shardGroupNotFound } from '../refusals.js';
import { groupAt, withGroup } from '../shard-group-list.js';
import { holdsTime, shardGroupSpan } from '../shard-group-times.js';
import { requireDatabase, withDatabase } from './database-lookup.js';
import { answer, commit, type Outcome } from './outcome.js';
import { requirePolicy, withPolicy } from './retention-policies.js';

/** How long InfluxDB keeps a deleted group. */
const pruneAge = 14n * day;

/** The last ids assigned; they only increase, so that an id is never reused. */
type Counters = Pick<MetaData, 'maxShardGroupId' | 'maxShardId'>;

/** Returns the policy with a new group for `timestamp`, with one shard, independent of the number of replicas. */
function addShardGroup(
  policy: RetentionPolicyInfo,
  timestamp: bigint,
  { maxShardGroupId, maxShardId }: Counters,
): { readonly policy: RetentionPolicyInfo; readonly group: ShardGroupInfo; readonly counters: Counters } {
  const counters = { maxShardGroupId: maxShardGroupId + 1n, maxShardId: maxShardId + 1n };
  const group: ShardGroupInfo = {
    id: counters.maxShardGroupId,
    ...shardGroupSpan(timestamp, policy.shardGroupDuration),
    shards: [{ id: counters.maxShardId, owners: [] }],
  };
  return { policy: { ...policy, shardGroups: withGroup(policy.shardGroups, group) }, group, counters };
}

/**
 * Returns the group that contains `timestamp`, without a commit if it exists. For the very last instant no group ever does: then the
 * result is undefined, and each call creates another group, as in InfluxDB.
 */
export function createShardGroup(
  data: MetaData,
  databaseName: string,
  policyName: string,
  timestamp: bigint,
): Outcome<ShardGroupInfo | undefined> {
  checkInt64('timestamp', timestamp);
  const database = requireDatabase(data, databaseName);
  const policy = requirePolicy(database, policyName);
  const existing = groupAt(policy.shardGroups, timestamp);
  if (existing !== undefined) return answer(data, existing);
  const added = addShardGroup(policy, timestamp, data);
  const databases = withDatabase(data, withPolicy(database, policy, added.policy));
  const result = holdsTime(added.group, timestamp) ? added.group : undefined;
  return commit(data, { databases, ...added.counters }, result);
}

/** Marks the group as deleted; it stays in the list until it is pruned. Repeating it renews the time of deletion. */
export function deleteShardGroup(
  data: MetaData,
  databaseName: string,
  policyName: string,
  id: bigint,
  now: bigint,
): Outcome<undefined> {
  const database = requireDatabase(data, databaseName);
  const policy = requirePolicy(database, policyName);
  const position = policy.shardGroups.findIndex((group) => group.id === id);
  const group = policy.shardGroups[position];
  if (group === undefined) throw shardGroupNotFound();
  const shardGroups = policy.shardGroups.with(position, { ...group, deletedAt: now });
  const changed = withPolicy(database, policy, { ...policy, shardGroups });
  return commit(data, { databases: withDatabase(data, changed) });
}

/**
 * Creates, for each policy, the successor of its last group, if that ends between `from` and `to`. Commits only if a group was created.
 */
export function precreateShardGroups(data: MetaData, from: bigint, to: bigint): Outcome<undefined> {
  checkInt64('from', from);
  checkInt64('to', to);
  let counters: Counters = data;
  const databases = mapPolicies(data.databases, (policy) => {
    const last = policy.shardGroups.at(-1);
    if (last === undefined || last.deletedAt !== undefined) return policy;
    if (last.endTime <= from || last.endTime >= to) return policy;
    const next = last.endTime + 1n;
    if (groupAt(policy.shardGroups, next) !== undefined) return policy;
    const added = addShardGroup(policy, next, counters);
    counters = added.counters;
    return added.policy;
  });
  const { maxShardGroupId, maxShardId } = counters;
  return databases === data.databases
    ? answer(data, undefined)
    : commit(data, { databases, maxShardGroupId, maxShardId });
}

/** Truncates all groups at `timestamp`; a truncation moves to an earlier time, never to a later one. */
export function truncateShardGroups(data: MetaData, timestamp: bigint): Outcome<undefined> {
  checkInt64('timestamp', timestamp);
  const databases = mapShardGroups(data.databases, (group) => {
    const { startTime, endTime, deletedAt, truncatedAt } = group;
    if (timestamp >= endTime || deletedAt !== undefined) return group;
    if (truncatedAt !== undefined && truncatedAt < timestamp) return group;
    const cut = timestamp > startTime ? timestamp : startTime;
    return cut === truncatedAt ? group : { ...group, truncatedAt: cut };
  });
  return commit(data, { databases });
}

/** Removes the groups that were deleted two weeks ago. Commits only if there are any. */
export function pruneShardGroups(data: MetaData, now: bigint): Outcome<undefined> {
  const isOld = ({ deletedAt }: ShardGroupInfo) => deletedAt !== undefined && deletedAt < now - pruneAge;
  const databases = mapPolicies(data.databases, (policy) => {
    if (!policy.shardGroups.some(isOld)) return policy;
    return { ...policy, shardGroups: policy.shardGroups.filter((group) => !isOld(group)) };
  });
  return databases === data.databases ? answer(data, undefined) : commit(data, { databases });
}

/** Removes the first shard with this id from its group; a group without shards is marked as deleted. Always commits. */
export function dropShard(data: MetaData, id: bigint, now: bigint): Outcome<undefined> {
  let found = false;
  const databases = mapShardGroups(data.databases, (group) => {
    const position = found ? -1 : group.shards.findIndex((shard) => shard.id === id);
    if (position < 0) return group;
    found = true;
    const shards = group.shards.toSpliced(position, 1);
    return shards.length === 0 ? { ...group, shards, deletedAt: now } : { ...group, shards };
  });
  return commit(data, { databases });
}

/** Returns the same list, with the same databases and policies, if nothing changes. */
function mapPolicies(
  databases: readonly DatabaseInfo[],
  change: (policy: RetentionPolicyInfo) => RetentionPolicyInfo,
): readonly DatabaseInfo[] {
  return mapList(databases, (database) => {
    const retentionPolicies = mapList(database.retentionPolicies, change);
    return retentionPolicies === database.retentionPolicies ? database : { ...database, retentionPolicies };
  });
}

function mapShardGroups(
  databases: readonly DatabaseInfo[],
  change: (group: ShardGroupInfo) => ShardGroupInfo,
): readonly DatabaseInfo[] {
  return mapPolicies(databases, (policy) => {
    const shardGroups = mapList(policy.shardGroups, change);
    return shardGroups === policy.shardGroups ? policy : { ...policy, shardGroups };
  });
}
