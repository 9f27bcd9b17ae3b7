import type { DatabaseInfo, MetaData, ShardGroupInfo } from 'clusterflux';

const week = 604_800_000_000_000n;
/** Monday, 2015-01-05, nanoseconds since 1970. */
const begin = 1_420_416_000_000_000_000n;

/** Metadata of `databases` databases with `groups` weekly shard groups each; by default, the one that InfluxDB was measured with. */
export function benchmarkSnapshot({ databases = 1000, groups = 100 } = {}): MetaData {
  let id = 0n;
  const shardGroup = (position: number): ShardGroupInfo => {
    id++;
    const startTime = begin + BigInt(position) * week;
    return { id, startTime, endTime: startTime + week, shards: [{ id, owners: [] }] };
  };
  const database = (position: number): DatabaseInfo => ({
    name: `bench-${String(position).padStart(5, '0')}`,
    defaultRetentionPolicy: 'autogen',
    retentionPolicies: [
      {
        name: 'autogen',
        replicaN: 1,
        duration: 0n,
        shardGroupDuration: week,
        shardGroups: Array.from({ length: groups }, (_, group) => shardGroup(group)),
        subscriptions: [],
      },
    ],
    continuousQueries: [],
  });
  return {
    term: 0n,
    index: 1n,
    clusterId: 1_234_567_890_123_456_789n,
    databases: Array.from({ length: databases }, (_, position) => database(position)),
    users: [],
    maxNodeId: 0n,
    maxShardGroupId: id,
    maxShardId: id,
  };
}
