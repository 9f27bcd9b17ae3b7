import assert from 'node:assert/strict';
import { day, hour, names, week } from './bench.js';
import type { Checks } from './check.js';

/** Durations of policies, and of the shard groups that they get by themselves. */
const automatic = [
  [0n, week],
  [hour, hour],
  [47n * hour, hour],
  [2n * day - 1n, hour],
  [2n * day, day],
  [180n * day - 1n, day],
  [180n * day, week],
] as const;

export const retentionPolicyChecks: Checks = {
  async 'createRetentionPolicy returns the policy of the spec, and makes it the default on request'({
    meta,
  }) {
    await meta.createDatabase('db');
    const spec = { name: 'month', duration: 30n * day, shardGroupDuration: 3n * day, replicaN: 3 };
    const month = { ...spec, shardGroups: [], subscriptions: [] };
    assert.deepEqual(await meta.createRetentionPolicy('db', spec, false), month);
    assert.deepEqual(await meta.retentionPolicy('db', 'month'), month);
    assert.equal((await meta.database('db'))?.defaultRetentionPolicy, 'autogen');
    await meta.createRetentionPolicy('db', { name: 'year', duration: 365n * day }, true);
    const database = await meta.database('db');
    assert.equal(database?.defaultRetentionPolicy, 'year');
    assert.deepEqual(names(database?.retentionPolicies ?? []), ['autogen', 'month', 'year']);
  },

  async 'a policy without a name is autogen, one replica, for ever'({ meta }) {
    await meta.createDatabaseWithRetentionPolicy('db', { name: 'other' });
    const policy = await meta.createRetentionPolicy('db', {}, false);
    const { name, replicaN, duration, shardGroupDuration } = policy;
    assert.deepEqual([name, replicaN, duration, shardGroupDuration], ['autogen', 1, 0n, week]);
    assert.equal((await meta.database('db'))?.defaultRetentionPolicy, 'other');
  },

  async 'the shard group duration follows from the duration, unless the spec has one'({ meta }) {
    await meta.createDatabase('db');
    for (const [duration, expected] of automatic) {
      const policy = await meta.createRetentionPolicy('db', { name: `d${duration}`, duration }, false);
      assert.equal(policy.shardGroupDuration, expected, `${duration}`);
    }
    for (const [shardGroupDuration, expected] of [
      [1n, hour],
      [-1n, hour],
      [hour + 7n, hour + 7n],
      [0n, week],
    ] as const) {
      const policy = await meta.createRetentionPolicy(
        'db',
        { name: `g${shardGroupDuration}`, shardGroupDuration },
        false,
      );
      assert.equal(policy.shardGroupDuration, expected, `${shardGroupDuration}`);
    }
    const equal = { name: 'equal', duration: day, shardGroupDuration: day };
    assert.equal((await meta.createRetentionPolicy('db', equal, false)).shardGroupDuration, day);
  },

  async 'durations may be literals'({ meta }) {
    await meta.createDatabase('db');
    const spec = { name: 'p', duration: '2w', shardGroupDuration: '1h30m' };
    await meta.createRetentionPolicy('db', spec, false);
    assert.equal((await meta.retentionPolicy('db', 'p'))?.duration, 2n * week);
    assert.equal((await meta.retentionPolicy('db', 'p'))?.shardGroupDuration, (3n * hour) / 2n);
    await meta.updateRetentionPolicy('db', 'p', { duration: 'INF' }, false);
    assert.equal((await meta.retentionPolicy('db', 'p'))?.duration, 0n);
  },

  async 'createRetentionPolicy again succeeds if the policy is equal, and returns the spec'({
    meta,
    refuses,
    unchangedBy,
    shardGroup,
  }) {
    await meta.createDatabase('db');
    await shardGroup('db', 0n);
    const again = await unchangedBy(() => meta.createRetentionPolicy('db', { name: 'autogen' }, true));
    assert.deepEqual(again.shardGroups, [], 'as the spec has it');
    const exists = ['retention policy already exists', 'RETENTION_POLICY_EXISTS'] as const;
    await refuses(() => meta.createRetentionPolicy('db', { duration: day }, false), ...exists);
    await refuses(() => meta.createRetentionPolicy('db', { replicaN: 2 }, false), ...exists);
    await refuses(() => meta.createRetentionPolicy('db', { shardGroupDuration: day }, false), ...exists);
    await meta.createRetentionPolicy('db', { name: 'second' }, false);
    await refuses(
      () => meta.createRetentionPolicy('db', { name: 'second' }, true),
      'retention policy conflicts with an existing policy',
      'RETENTION_POLICY_CONFLICT',
    );
  },

  async 'createRetentionPolicy checks duration, name, replicas, both durations, and only then the database'({
    meta,
    refuses,
  }) {
    const make = (spec: object) => meta.createRetentionPolicy('nowhere', spec, false);
    const wrong = { duration: hour - 1n, name: 'x'.repeat(256), replicaN: 0, shardGroupDuration: week };
    await refuses(
      () => make(wrong),
      'retention policy duration must be at least 1h0m0s',
      'RETENTION_POLICY_DURATION_TOO_LOW',
    );
    await refuses(() => make({ ...wrong, duration: day }), 'name too long', 'NAME_TOO_LONG');
    await refuses(
      () => make({ ...wrong, duration: day, name: 'p' }),
      'replication factor must be greater than 0',
      'REPLICATION_FACTOR_TOO_LOW',
    );
    await refuses(
      () => make({ ...wrong, duration: day, name: 'p', replicaN: 1 }),
      'retention policy duration must be greater than the shard duration',
      'INCOMPATIBLE_DURATIONS',
    );
    await refuses(() => make({ name: 'p' }), 'database not found: nowhere', 'DATABASE_NOT_FOUND');
  },

  async 'retentionPolicy finds the default by the empty name, and nothing if there is none'({
    meta,
    refuses,
  }) {
    await meta.createDatabase('db');
    await meta.createRetentionPolicy('db', { name: 'second' }, true);
    assert.equal((await meta.retentionPolicy('db', ''))?.name, 'second');
    assert.equal((await meta.retentionPolicy('db', 'autogen'))?.name, 'autogen');
    assert.equal(await meta.retentionPolicy('db', 'third'), undefined);
    await refuses(
      () => meta.retentionPolicy('nowhere', ''),
      'database not found: nowhere',
      'DATABASE_NOT_FOUND',
    );
  },

  async 'dropRetentionPolicy leaves the default name as it is, and succeeds if the policy does not exist'({
    meta,
    unchangedBy,
  }) {
    await meta.createDatabase('db');
    await meta.createRetentionPolicy('db', { name: 'second' }, false);
    assert.equal(await meta.dropRetentionPolicy('db', 'autogen'), undefined);
    assert.deepEqual(names((await meta.database('db'))?.retentionPolicies ?? []), ['second']);
    assert.equal((await meta.database('db'))?.defaultRetentionPolicy, 'autogen');
    assert.equal(await meta.retentionPolicy('db', ''), undefined);
    await unchangedBy(() => meta.dropRetentionPolicy('db', ''));
    await unchangedBy(() => meta.dropRetentionPolicy('db', 'third'));
    await unchangedBy(() => meta.dropRetentionPolicy('nowhere', 'second'));
  },
};
