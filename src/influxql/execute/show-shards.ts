import type { DatabaseInfo, MetaData, RetentionPolicyInfo, ShardGroupInfo } from '../../meta/records.js';
import { type Cell, type Series, seriesOf } from './series.js';

const nanosecondsPerSecond = 1_000_000_000n;

/** Formats nanoseconds since 1970 as RFC 3339, without fractions of a second. */
function timeOf(nanoseconds: bigint): string {
  const fraction = nanoseconds % nanosecondsPerSecond;
  const seconds = nanoseconds / nanosecondsPerSecond - (fraction < 0n ? 1n : 0n);
  return `${new Date(Number(seconds) * 1_000).toISOString().slice(0, -5)}Z`;
}

const timesOf = ({ startTime, endTime }: ShardGroupInfo, { duration }: RetentionPolicyInfo) => [
  timeOf(startTime),
  timeOf(endTime),
  timeOf(endTime + duration),
];

/** Returns the rows of every group of a database that is not deleted. */
function rowsOf(
  { retentionPolicies }: DatabaseInfo,
  rows: (policy: RetentionPolicyInfo, group: ShardGroupInfo) => readonly (readonly Cell[])[],
): readonly (readonly Cell[])[] {
  return retentionPolicies.flatMap((policy) =>
    policy.shardGroups.flatMap((group) => (group.deletedAt === undefined ? rows(policy, group) : [])),
  );
}

export function showShards({ databases }: MetaData): readonly Series[] {
  const columns = 'id database retention_policy shard_group start_time end_time expiry_time owners'.split(
    ' ',
  );
  return databases.map((database) => {
    const rows = rowsOf(database, (policy, group) =>
      group.shards.map(({ id, owners }) => [
        id,
        database.name,
        policy.name,
        group.id,
        ...timesOf(group, policy),
        owners.map(({ nodeId }) => nodeId).join(','),
      ]),
    );
    return seriesOf(database.name, columns, rows);
  });
}

export function showShardGroups({ databases }: MetaData): readonly Series[] {
  const columns = 'id database retention_policy start_time end_time expiry_time'.split(' ');
  const rows = databases.flatMap((database) =>
    rowsOf(database, (policy, group) => [[group.id, database.name, policy.name, ...timesOf(group, policy)]]),
  );
  return [seriesOf('shard groups', columns, rows)];
}
