import { formatDuration, week } from '../../meta/durations.js';
import type { RetentionPolicyInfo } from '../../meta/records.js';
import { type TimeRange, union } from '../../tsm/time-range.js';
import { describeItem, internalDatabase } from '../statements/item.js';
import { monitor } from './monitor-policy.js';
import { countGroups, durationsIn, type FoundGroup, groupsOf } from './policy-groups.js';
import type { Recovery } from './recovery.js';
import type { PolicySource, RecoveredPolicy } from './recovery-report.js';
import { earlierDatabase, policyIn, type RecoverySources } from './recovery-sources.js';
import type { DiskShard } from './shards-on-disk.js';

/** A policy with the shard groups of its shards on disk. */
export interface RebuiltPolicy {
  readonly groups: readonly FoundGroup[];
  readonly shardGroupDuration: bigint;
  readonly recovered: RecoveredPolicy;
}

/** Finds the shard groups and the shard duration of a policy from its shards on disk and from all that is known of it. */
export function rebuildPolicy(
  database: string,
  info: RetentionPolicyInfo,
  shards: readonly DiskShard[],
  { sources, own, findings }: Recovery,
): RebuiltPolicy {
  const policy = info.name;
  const isOfCluster = database !== internalDatabase;
  const inCluster = isOfCluster ? policyIn(sources.cluster, database, policy) : undefined;
  const inOwn = own.map((data) => policyIn(data, database, policy));
  const earlier = isOfCluster ? (sources.earlier ?? []) : [];
  const isMonitor = !isOfCluster && policy === monitor.name;
  const durations = [
    ...durationsIn([inCluster, ...inOwn, ...earlier.map((data) => policyIn(data, database, policy))]),
    ...(isMonitor ? [monitor.shardGroupDuration] : []),
  ];
  const known = inOwn.flatMap((each) => each?.shardGroups ?? []);
  const found = groupsOf(shards, known, durations);
  findings.push(...found.findings);
  const { groups, newestDuration } = found;
  const source = sourceOf(database, policy, sources);
  const recovered = recoveredPolicy({ database, policy, source }, shards, groups);
  if (source !== 'inferred')
    return { groups, shardGroupDuration: info.shardGroupDuration || week, recovered };
  const shardGroupDuration = newestDuration ?? week;
  const basis = newestDuration === undefined ? 'the default' : 'that of the group of the newest shard';
  findings.push({
    kind: 'guessed',
    message: `${describeItem({ kind: 'retentionPolicy', database, policy })} is unknown: it keeps points for ever, with a shard duration of ${formatDuration(shardGroupDuration)}, ${basis}, and a replication factor of 1`,
    database,
    policy,
  });
  return { groups, shardGroupDuration, recovered };
}

function sourceOf(database: string, policy: string, sources: RecoverySources): PolicySource {
  const { cluster, from, present } = sources;
  const isInternal = database === internalDatabase;
  if (!isInternal && policyIn(cluster, database, policy) !== undefined) return 'cluster';
  if (policyIn(from, database, policy) !== undefined) return 'from';
  if (policyIn(present, database, policy) !== undefined) return 'present';
  if (earlierDatabase(sources, database)?.retentionPolicies.some(({ name }) => name === policy))
    return 'earlier';
  return isInternal && policy === monitor.name ? 'internal' : 'inferred';
}

function recoveredPolicy(
  policy: Pick<RecoveredPolicy, 'database' | 'policy' | 'source'>,
  shards: readonly DiskShard[],
  groups: readonly FoundGroup[],
): RecoveredPolicy {
  let range: TimeRange | undefined;
  for (const shard of shards) range = union(range, shard.range);
  return {
    ...policy,
    shards: shards.length,
    ...(range === undefined ? {} : { firstTime: range.first, lastTime: range.last }),
    groups: countGroups(groups),
  };
}
