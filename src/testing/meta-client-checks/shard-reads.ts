import assert from 'node:assert/strict';
import { ids, second, week } from './bench.js';
import type { Bench, Checks } from './check.js';

const begin = 1_699_833_600n * second;

/** Two databases, `a` with groups 1, 2 and 3, week after week, and `b` with group 4 in the first week. */
async function fill({ meta, shardGroup }: Bench): Promise<void> {
  for (const name of ['a', 'b']) await meta.createDatabase(name);
  for (const weeks of [0n, 1n, 2n]) await shardGroup('a', begin + weeks * week);
  await shardGroup('b', begin);
}

export const shardReadChecks: Checks = {
  async 'shardGroupsByTimeRange returns groups that overlap the range from min to max, both included'(bench) {
    await fill(bench);
    const { meta, refuses } = bench;
    const found = async (min: bigint, max: bigint) =>
      ids(await meta.shardGroupsByTimeRange('a', 'autogen', min, max));
    assert.deepEqual(await found(begin, begin), [1n]);
    assert.deepEqual(await found(begin - week, begin - 1n), []);
    assert.deepEqual(await found(begin + week - 1n, begin + week), [1n, 2n]);
    assert.deepEqual(await found(begin + week, begin + 9n * week), [2n, 3n]);
    assert.deepEqual(await found(begin + 3n * week, begin + 9n * week), []);
    await meta.truncateShardGroups(begin + 1n);
    assert.deepEqual(await found(begin + 2n, begin + 2n), [1n], 'where it was cut off does not matter');
    await meta.deleteShardGroup('a', 'autogen', 2n);
    assert.deepEqual(await found(begin, begin + 9n * week), [1n, 3n]);
    const read = (database: string, policy: string) => () =>
      meta.shardGroupsByTimeRange(database, policy, 0n, 0n);
    await refuses(read('nowhere', 'p'), 'database not found: nowhere', 'DATABASE_NOT_FOUND');
    await refuses(read('a', 'p'), 'retention policy not found: p', 'RETENTION_POLICY_NOT_FOUND');
    await refuses(read('a', ''), 'retention policy not found: ', 'RETENTION_POLICY_NOT_FOUND');
  },

  async 'shardsByTimeRange returns each shard of all sources once'(bench) {
    await fill(bench);
    const { meta, refuses } = bench;
    const a = { database: 'a', retentionPolicy: 'autogen' };
    const b = { database: 'b', retentionPolicy: 'autogen' };
    const found = ids(await meta.shardsByTimeRange([a, b, a], begin, begin + week));
    // Their order is left open.
    assert.deepEqual([...BigInt64Array.from(found).sort()], [1n, 2n, 4n]);
    assert.deepEqual(await meta.shardsByTimeRange([], begin, begin), []);
    const nowhere = { database: 'nowhere', retentionPolicy: 'autogen' };
    await refuses(
      () => meta.shardsByTimeRange([a, nowhere], 0n, 0n),
      'database not found: nowhere',
      'DATABASE_NOT_FOUND',
    );
  },

  async 'shardOwner returns where a shard belongs, unless its group was deleted'(bench) {
    await fill(bench);
    const { meta } = bench;
    const owner = await meta.shardOwner(4n);
    assert.deepEqual([owner?.database, owner?.retentionPolicy, owner?.shardGroup.id], ['b', 'autogen', 4n]);
    assert.equal(await meta.shardOwner(9n), undefined);
    await meta.deleteShardGroup('b', 'autogen', 4n);
    assert.equal(await meta.shardOwner(4n), undefined);
  },

  async 'shardIds are those of deleted groups, too, ascending'(bench) {
    const { meta } = bench;
    assert.deepEqual(await meta.shardIds(), []);
    await fill(bench);
    await meta.deleteShardGroup('a', 'autogen', 1n);
    await meta.dropDatabase('a');
    await meta.createDatabase('a');
    assert.deepEqual(await meta.shardIds(), [4n]);
    await bench.shardGroup('a', begin + week);
    await bench.shardGroup('a', begin);
    await meta.deleteShardGroup('a', 'autogen', 5n);
    assert.deepEqual(await meta.shardIds(), [4n, 5n, 6n]);
  },

  async 'dropShard removes a shard; a group without shards is deleted'(bench) {
    await fill(bench);
    const { meta, unchangedBy, policy } = bench;
    assert.equal(await meta.dropShard(4n), undefined);
    assert.deepEqual(await meta.shardIds(), [1n, 2n, 3n]);
    const [group] = (await policy('b')).shardGroups;
    assert.deepEqual([group?.shards, typeof group?.deletedAt], [[], 'bigint']);
    await unchangedBy(() => meta.dropShard(4n));
    await unchangedBy(() => meta.dropShard(99n));
  },
};
