import {
  decodeMetadata,
  deletedShardGroups,
  encodeMetadata,
  expiredShardGroups,
  LocalMetaClient,
  type ShardGroupInfo,
  shardFor,
} from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { shardGroupSpan } from '../../src/meta/shard-group-times.js';

const second = 1_000_000_000n;
const hour = 3600n * second;
const day = 24n * hour;
const week = 7n * day;
const latest = 2n ** 63n - 1n;

/** A client with a database `db`, whose policy `rp` has groups of this duration. */
async function clientWith(shardGroupDuration: bigint, now = 0): Promise<LocalMetaClient> {
  const client = new LocalMetaClient({
    retentionAutoCreate: false,
    clock: { now: () => now, monotonic: () => now, after: () => () => {} },
  });
  await client.createDatabaseWithRetentionPolicy('db', { name: 'rp', shardGroupDuration });
  return client;
}

const groupsOf = (client: LocalMetaClient) => client.retentionPolicy('db', 'rp')?.shardGroups ?? [];

describe('the span of a new shard group counts from year 1, as Go rounds', () => {
  it.each<[duration: bigint, timestamp: bigint, start: bigint, end: bigint]>([
    [hour, 1700000000n * second, 1699999200n * second, 1700002800n * second],
    [2n * hour, 1700000000n * second, 1699999200n * second, 1700006400n * second],
    [6n * hour, 1700000000n * second, 1699984800n * second, 1700006400n * second],
    [day, 1700000000n * second, 1699920000n * second, 1700006400n * second],
    [week, 1700000000n * second, 1699833600n * second, 1700438400n * second],
    [week, 1699833600n * second - 1n, 1699228800n * second, 1699833600n * second],
    [week, 0n, -259200n * second, 345600n * second],
    [2n * week, 1699833600n * second - 1n, 1698624000n * second, 1699833600n * second],
    [2n * week, -1n, -864000n * second, 345600n * second],
    [30n * day, 1700000000n * second, 1697587200n * second, 1700179200n * second],
    [30n * day, -1n, -172800n * second, 2419200n * second],
    [3661n * second, 0n, -2839n * second, 822n * second],
    [3661n * second, 1700000000_123456789n, 1699997155n * second, 1700000816n * second],
    [3600000000007n, 1700000000123456789n, 1699999200124124770n, 1700002800124124777n],
    [latest, 0n, -6795364578871345158n, 2428007457983430649n],
    [week, latest - 1n, 9222940800000000000n, latest],
    [week, -latest + 1n, -9223459200000000000n, -9222854400000000000n],
    [0n, 5n, 5n, 5n],
    [-hour, 5n, 5n, 5n],
  ])('%d ns at %d', (duration, timestamp, startTime, endTime) => {
    expect(shardGroupSpan(timestamp, duration)).toEqual({ startTime, endTime });
  });
});

describe('shard groups', () => {
  it('a group is made once for all the times that it holds, with ids that only rise', async () => {
    const client = await clientWith(hour);
    const first = await client.createShardGroup('db', 'rp', 0n);
    expect(first).toEqual({ id: 1n, startTime: 0n, endTime: hour, shards: [{ id: 1n, owners: [] }] });
    const { index } = client.data();
    expect(await client.createShardGroup('db', 'rp', hour - 1n)).toBe(first);
    expect(client.data().index).toBe(index);
    expect((await client.createShardGroup('db', 'rp', hour))?.id).toBe(2n);
    await client.dropDatabase('db');
    await client.createDatabaseWithRetentionPolicy('db', { name: 'rp', shardGroupDuration: hour });
    expect((await client.createShardGroup('db', 'rp', 0n))?.shards[0]?.id).toBe(3n);
    expect(client.shardIds()).toEqual([3n]);
  });

  it('are in order of time after each creation', async () => {
    const client = await clientWith(hour);
    for (const at of [5n, 1n, 3n, 2n]) await client.createShardGroup('db', 'rp', at * hour);
    expect(groupsOf(client).map(({ startTime }) => startTime / hour)).toEqual([1n, 2n, 3n, 5n]);
  });

  it('after a truncation, a new group covers the whole span, and the old one comes first', async () => {
    const client = await clientWith(hour);
    await client.createShardGroup('db', 'rp', 0n);
    await client.truncateShardGroups(hour / 2n);
    const next = await client.createShardGroup('db', 'rp', hour / 2n);
    expect(next).toMatchObject({ id: 2n, startTime: 0n, endTime: hour });
    expect(groupsOf(client).map(({ id }) => id)).toEqual([1n, 2n]);
    expect((await client.createShardGroup('db', 'rp', 1n))?.id).toBe(1n);
  });

  it('a truncation moves to an earlier time only, not before the start, and leaves the deleted alone', async () => {
    const client = await clientWith(hour);
    for (const at of [0n, 1n, 2n]) await client.createShardGroup('db', 'rp', at * hour);
    await client.deleteShardGroup('db', 'rp', 3n);
    const truncations = () => groupsOf(client).map(({ truncatedAt }) => truncatedAt);
    await client.truncateShardGroups(hour / 2n);
    expect(truncations()).toEqual([hour / 2n, hour, undefined]);
    await client.truncateShardGroups(hour * 2n);
    expect(truncations()).toEqual([hour / 2n, hour, undefined]);
    await client.truncateShardGroups(5n);
    expect(truncations()).toEqual([5n, hour, undefined]);
  });

  it('a truncation at the epoch is lost on disk, as in InfluxDB', async () => {
    const client = await clientWith(hour);
    await client.createShardGroup('db', 'rp', 0n);
    await client.truncateShardGroups(-5n);
    expect(groupsOf(client)[0]?.truncatedAt).toBe(0n);
    const { databases } = decodeMetadata(encodeMetadata(client.data()));
    expect(databases[0]?.retentionPolicies[0]?.shardGroups[0]).not.toHaveProperty('truncatedAt');
  });

  it('at the very end of time no group holds anything, and each call makes one more', async () => {
    const client = await clientWith(week);
    expect(await client.createShardGroup('db', 'rp', latest)).toBeUndefined();
    expect(await client.createShardGroup('db', 'rp', latest)).toBeUndefined();
    expect(groupsOf(client)).toHaveLength(2);
  });

  it('a time beyond 64 bits is a RangeError', async () => {
    const client = await clientWith(week);
    await expect(client.createShardGroup('db', 'rp', latest + 1n)).rejects.toThrowError(
      new RangeError(`timestamp must be a signed 64-bit integer, not ${latest + 1n}`),
    );
    await expect(client.precreateShardGroups(0n, latest + 1n)).rejects.toThrowError(RangeError);
    await expect(client.truncateShardGroups(-latest - 2n)).rejects.toThrowError(RangeError);
    expect(groupsOf(client)).toEqual([]);
  });

  it('are precreated one at a time, if the last one ends in between', async () => {
    const client = await clientWith(hour);
    await client.precreateShardGroups(0n, 10n * hour);
    expect(groupsOf(client)).toEqual([]);
    await client.createShardGroup('db', 'rp', 0n);
    const { index } = client.data();
    await client.precreateShardGroups(hour, 10n * hour);
    await client.precreateShardGroups(0n, hour);
    expect(client.data().index).toBe(index);
    await client.precreateShardGroups(hour - 1n, hour + 1n);
    await client.precreateShardGroups(hour - 1n, hour + 1n);
    expect(groupsOf(client).map(({ startTime }) => startTime)).toEqual([0n, hour]);
    expect(client.data().index).toBe(index + 1n);
  });

  it('are pruned two weeks after their deletion, not before', async () => {
    const days = (count: number) => count * 24 * 3600 * 1000;
    let now = days(100);
    const client = new LocalMetaClient({
      clock: { now: () => now, monotonic: () => now, after: () => () => {} },
    });
    await client.createDatabase('db');
    await client.createShardGroup('db', 'autogen', 0n);
    await client.createShardGroup('db', 'autogen', 0n + 2n * week);
    await client.deleteShardGroup('db', 'autogen', 1n);
    const { index } = client.data();
    now = days(114);
    await client.pruneShardGroups();
    expect(client.data().index).toBe(index);
    now += 1;
    await client.pruneShardGroups();
    expect(client.data().index).toBe(index + 1n);
    expect(client.shardIds()).toEqual([2n]);
  });

  it('one that loses its last shard is deleted', async () => {
    const client = await clientWith(hour, 77);
    await client.createShardGroup('db', 'rp', 0n);
    await client.dropShard(99n);
    await client.dropShard(1n);
    expect(groupsOf(client)).toMatchObject([{ shards: [], deletedAt: 77_000_000n }]);
    expect(client.shardOwner(1n)).toBeUndefined();
  });

  it('are found by time, both ends included, and by shard', async () => {
    const client = await clientWith(hour);
    for (const at of [0n, 1n, 2n]) await client.createShardGroup('db', 'rp', at * hour);
    const ids = (min: bigint, max: bigint) =>
      client.shardGroupsByTimeRange('db', 'rp', min, max).map(({ id }) => id);
    expect(ids(hour, 2n * hour)).toEqual([2n, 3n]);
    expect(ids(hour - 1n, hour - 1n)).toEqual([1n]);
    expect(ids(3n * hour, 9n * hour)).toEqual([]);
    const source = { database: 'db', retentionPolicy: 'rp' };
    expect(client.shardsByTimeRange([source, source], 0n, hour).map(({ id }) => id)).toEqual([1n, 2n]);
    expect(client.shardOwner(2n)).toEqual({ ...source, shardGroup: groupsOf(client)[1] });
    expect(() => client.shardsByTimeRange([{ ...source, database: 'x' }], 0n, 1n)).toThrowError(
      'database not found: x',
    );
  });
});

describe('what the services of a node ask', () => {
  const group = (id: bigint, fields: Partial<ShardGroupInfo> = {}): ShardGroupInfo => ({
    id,
    startTime: 0n,
    endTime: hour,
    shards: [],
    ...fields,
  });
  const policy = {
    name: 'rp',
    replicaN: 1,
    duration: day,
    shardGroupDuration: hour,
    shardGroups: [group(1n), group(2n, { endTime: 2n * hour }), group(3n, { deletedAt: 5n })],
    subscriptions: [],
  };

  it('which groups have expired, and which are deleted', () => {
    const expired = (now: bigint) => expiredShardGroups(policy, now).map(({ id }) => id);
    expect(expired(day + hour)).toEqual([]);
    expect(expired(day + hour + 1n)).toEqual([1n]);
    expect(expired(9n * day)).toEqual([1n, 2n]);
    expect(expiredShardGroups({ ...policy, duration: 0n }, 9n * day)).toEqual([]);
    expect(deletedShardGroups(policy).map(({ id }) => id)).toEqual([3n]);
  });

  it('which shard a series belongs to', () => {
    const shards = [7n, 8n, 9n].map((id) => ({ id, owners: [] }));
    expect(shardFor(group(1n, { shards }), 2n ** 64n - 1n)?.id).toBe(7n);
    expect(shardFor(group(1n, { shards }), -1n)?.id).toBe(7n);
    expect(shardFor(group(1n, { shards }), 5n)?.id).toBe(9n);
    expect(shardFor(group(1n), 5n)).toBeUndefined();
  });
});
