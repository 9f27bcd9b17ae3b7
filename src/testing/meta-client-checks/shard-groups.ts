import assert from 'node:assert/strict';
import { day, hour, ids, second, week } from './bench.js';
import type { Checks } from './check.js';

/** Shard group durations, times, and the start of the group that InfluxDB makes for them. */
const alignments = [
  [hour, 1_700_000_000n * second, 1_699_999_200n * second],
  [2n * hour, 1_700_000_000n * second, 1_699_999_200n * second],
  [day, 1_700_000_000n * second, 1_699_920_000n * second],
  [week, 1_700_000_000n * second, 1_699_833_600n * second],
  [week, 1_699_833_600n * second - 1n, 1_699_228_800n * second],
  [week, 0n, -259_200n * second],
  [2n * week, -1n, -864_000n * second],
  [30n * day, -1n, -172_800n * second],
  [3_661n * second, 0n, -2_839n * second],
  [3_600_000_000_007n, 1_700_000_000_123_456_789n, 1_699_999_200_124_124_770n],
] as const;

const begin = 1_699_833_600n * second;

export const shardGroupChecks: Checks = {
  async 'createShardGroup creates groups aligned to the year 1, each with one shard'({ meta }) {
    await meta.createDatabase('db');
    let id = 0n;
    for (const [duration, timestamp, startTime] of alignments) {
      id += 1n;
      const name = `p${id}`;
      await meta.createRetentionPolicy('db', { name, shardGroupDuration: duration, replicaN: 2 }, false);
      const expected = { id, startTime, endTime: startTime + duration, shards: [{ id, owners: [] }] };
      assert.deepEqual(await meta.createShardGroup('db', name, timestamp), expected);
      assert.deepEqual((await meta.retentionPolicy('db', name))?.shardGroups, [expected]);
    }
    const { maxShardGroupId, maxShardId } = await meta.data();
    assert.deepEqual([maxShardGroupId, maxShardId], [id, id]);
  },

  async 'createShardGroup returns an existing group that contains the time'({
    meta,
    unchangedBy,
    shardGroup,
  }) {
    await meta.createDatabase('db');
    const group = await shardGroup('db', begin + 5n);
    assert.deepEqual(await unchangedBy(() => shardGroup('db', begin)), group);
    assert.deepEqual(await unchangedBy(() => shardGroup('db', begin + week - 1n)), group);
    assert.notEqual((await shardGroup('db', begin + week)).id, group.id);
  },

  async 'createShardGroup requires a database and a policy of exactly this name'({ meta, refuses }) {
    await meta.createDatabase('db');
    const make = (database: string, policy: string) => () => meta.createShardGroup(database, policy, 0n);
    await refuses(make('nowhere', 'autogen'), 'database not found: nowhere', 'DATABASE_NOT_FOUND');
    await refuses(make('db', 'p'), 'retention policy not found: p', 'RETENTION_POLICY_NOT_FOUND');
    await refuses(make('db', ''), 'retention policy not found: ', 'RETENTION_POLICY_NOT_FOUND');
  },

  async 'groups are in order of time; ids are never reused'({ meta, refuses, shardGroup, policy }) {
    await meta.createDatabase('db');
    for (const weeks of [2n, 0n, 1n]) await shardGroup('db', begin + weeks * week);
    assert.deepEqual(ids((await policy('db')).shardGroups), [2n, 3n, 1n]);
    await refuses(
      () => meta.createShardGroup('db', 'p', 0n),
      'retention policy not found: p',
      'RETENTION_POLICY_NOT_FOUND',
    );
    await meta.dropDatabase('db');
    await meta.createDatabase('db');
    const { id, shards } = await shardGroup('db', begin);
    assert.deepEqual([id, ids(shards)], [4n, [4n]]);
  },

  async 'deleteShardGroup marks the group, and another one is created for its time'({
    meta,
    refuses,
    shardGroup,
    policy,
  }) {
    await meta.createDatabase('db');
    const { id } = await shardGroup('db', begin);
    assert.equal(await meta.deleteShardGroup('db', 'autogen', id), undefined);
    const [deleted] = (await policy('db')).shardGroups;
    assert.equal(typeof deleted?.deletedAt, 'bigint');
    await meta.deleteShardGroup('db', 'autogen', id);
    assert.equal((await shardGroup('db', begin)).id, id + 1n);
    assert.deepEqual(ids((await policy('db')).shardGroups), [id, id + 1n]);
    const remove = (database: string, name: string) => () => meta.deleteShardGroup(database, name, 99n);
    await refuses(remove('nowhere', 'p'), 'database not found: nowhere', 'DATABASE_NOT_FOUND');
    await refuses(remove('db', 'p'), 'retention policy not found: p', 'RETENTION_POLICY_NOT_FOUND');
    await refuses(remove('db', ''), 'retention policy not found: ', 'RETENTION_POLICY_NOT_FOUND');
    await refuses(remove('db', 'autogen'), 'shard group not found', 'SHARD_GROUP_NOT_FOUND');
  },

  async 'precreateShardGroups creates the next group of each policy whose last one ends in the range'({
    meta,
    unchangedBy,
    shardGroup,
    policy,
  }) {
    for (const name of ['a', 'b', 'empty']) await meta.createDatabase(name);
    const { endTime } = await shardGroup('a', begin);
    await shardGroup('b', begin + week);
    await unchangedBy(() => meta.precreateShardGroups(endTime, endTime + hour));
    await unchangedBy(() => meta.precreateShardGroups(endTime - hour, endTime));
    assert.equal(await meta.precreateShardGroups(endTime - hour, endTime + hour), undefined);
    const [, next] = (await policy('a')).shardGroups;
    assert.equal(next?.startTime, endTime);
    assert.equal((await policy('b')).shardGroups.length, 1);
    await unchangedBy(() => meta.precreateShardGroups(endTime - hour, endTime + hour));
    await meta.deleteShardGroup('a', 'autogen', next?.id ?? 0n);
    const end = next?.endTime ?? 0n;
    await meta.dropDatabase('b');
    await unchangedBy(() => meta.precreateShardGroups(end - hour, end + hour));
  },

  async 'truncateShardGroups truncates groups, earlier and never later'({ meta, shardGroup, policy }) {
    await meta.createDatabase('db');
    for (const weeks of [0n, 1n, 2n]) await shardGroup('db', begin + weeks * week);
    const cuts = async () => (await policy('db')).shardGroups.map(({ truncatedAt }) => truncatedAt);
    const middle = begin + week + day;
    assert.equal(await meta.truncateShardGroups(middle), undefined);
    assert.deepEqual(
      await cuts(),
      [undefined, middle, begin + 2n * week],
      'what is over is left, what is to come ends at its start',
    );
    await meta.truncateShardGroups(middle + hour);
    assert.deepEqual(await cuts(), [undefined, middle, begin + 2n * week]);
    await meta.truncateShardGroups(middle - hour);
    assert.deepEqual(await cuts(), [undefined, middle - hour, begin + 2n * week]);
  },

  async 'a truncated group keeps the earlier times; later ones get a group over the whole span'({
    meta,
    shardGroup,
  }) {
    await meta.createDatabase('db');
    const old = await shardGroup('db', begin);
    await meta.truncateShardGroups(begin + day);
    const next = await shardGroup('db', begin + day);
    assert.deepEqual([next.startTime, next.endTime], [old.startTime, old.endTime]);
    assert.notEqual(next.id, old.id);
    assert.equal((await shardGroup('db', begin + day - 1n)).id, old.id);
  },

  async 'truncateShardGroups leaves deleted groups alone'({ meta, unchangedBy, shardGroup }) {
    await meta.createDatabase('db');
    const { id } = await shardGroup('db', begin);
    await meta.deleteShardGroup('db', 'autogen', id);
    await unchangedBy(() => meta.truncateShardGroups(begin + day));
  },

  async 'pruneShardGroups removes groups that were deleted two weeks ago'({
    meta,
    now,
    unchangedBy,
    shardGroup,
    policy,
  }) {
    await meta.createDatabase('db');
    for (const weeks of [0n, 1n, 2n]) await shardGroup('db', begin + weeks * week);
    await meta.deleteShardGroup('db', 'autogen', 2n);
    await unchangedBy(() => meta.pruneShardGroups());
    const data = await now();
    // As if the first had been deleted long ago.
    const databases = data.databases.map((database) => ({
      ...database,
      retentionPolicies: database.retentionPolicies.map((each) => ({
        ...each,
        shardGroups: each.shardGroups.map((group) => (group.id === 1n ? { ...group, deletedAt: 1n } : group)),
      })),
    }));
    await meta.setData({ ...data, databases });
    assert.equal(await meta.pruneShardGroups(), undefined);
    assert.deepEqual(ids((await policy('db')).shardGroups), [2n, 3n]);
    assert.equal((await meta.data()).maxShardGroupId, 3n);
  },
};
