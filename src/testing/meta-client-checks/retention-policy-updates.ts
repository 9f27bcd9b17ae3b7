import assert from 'node:assert/strict';
import { day, hour, week } from './bench.js';
import type { Checks } from './check.js';

export const retentionPolicyUpdateChecks: Checks = {
  async 'updateRetentionPolicy changes the given fields, and nothing else'({ meta, policy, shardGroup }) {
    await meta.createDatabase('db');
    await shardGroup('db', 0n);
    const before = await policy('db');
    assert.equal(
      await meta.updateRetentionPolicy('db', 'autogen', { duration: 10n * day }, false),
      undefined,
    );
    assert.deepEqual(
      await policy('db'),
      { ...before, duration: 10n * day },
      'shard groups are as long as before',
    );
    await meta.updateRetentionPolicy('db', 'autogen', { replicaN: 3, shardGroupDuration: 2n * day }, false);
    const after = { ...before, duration: 10n * day, replicaN: 3, shardGroupDuration: 2n * day };
    assert.deepEqual(await policy('db'), after);
  },

  async 'an update to 0 differs from no update'({ meta, policy }) {
    await meta.createDatabaseWithRetentionPolicy('db', { duration: day });
    await meta.updateRetentionPolicy('db', 'autogen', { duration: 0n }, false);
    assert.equal((await policy('db')).duration, 0n);
    assert.equal((await policy('db')).shardGroupDuration, hour, 'not given');
    await meta.updateRetentionPolicy('db', 'autogen', { shardGroupDuration: 0n }, false);
    assert.equal((await policy('db')).shardGroupDuration, week, 'given: by the duration');
    await meta.updateRetentionPolicy('db', 'autogen', { replicaN: 0 }, false);
    assert.equal((await policy('db')).replicaN, 0, 'InfluxDB does not look at it here');
  },

  async 'updateRetentionPolicy renames; the default follows only on request'({ meta, policy }) {
    await meta.createDatabase('db');
    await meta.updateRetentionPolicy('db', 'autogen', { name: 'renamed' }, false);
    assert.equal((await meta.database('db'))?.defaultRetentionPolicy, 'autogen');
    assert.equal(await meta.retentionPolicy('db', ''), undefined);
    await meta.updateRetentionPolicy('db', 'renamed', { name: 'again' }, true);
    assert.equal((await meta.database('db'))?.defaultRetentionPolicy, 'again');
    assert.equal((await policy('db', 'again')).name, 'again');
  },

  async 'updateRetentionPolicy of the empty name changes the default policy'({ meta, policy }) {
    await meta.createDatabase('db');
    await meta.createRetentionPolicy('db', { name: 'second' }, true);
    await meta.updateRetentionPolicy('db', '', { duration: 30n * day, shardGroupDuration: day }, false);
    assert.equal((await policy('db', 'second')).duration, 30n * day);
    assert.equal((await policy('db')).duration, 0n);
    await meta.updateRetentionPolicy('db', 'autogen', {}, true);
    assert.equal((await meta.database('db'))?.defaultRetentionPolicy, 'autogen');
  },

  async 'updateRetentionPolicy refuses in InfluxDB’s order'({ meta, refuses }) {
    await meta.createDatabase('db');
    await meta.createRetentionPolicy('db', { name: 'taken' }, false);
    const update = (database: string, name: string, given: object) => () =>
      meta.updateRetentionPolicy(database, name, given, false);
    const wrong = { name: 'taken', duration: 1n, shardGroupDuration: week };
    const notFound = 'RETENTION_POLICY_NOT_FOUND';
    await refuses(update('nowhere', 'p', wrong), 'database not found: nowhere', 'DATABASE_NOT_FOUND');
    await refuses(update('db', 'p', wrong), 'retention policy not found: p', notFound);
    await refuses(
      update('db', 'autogen', wrong),
      'retention policy name already exists',
      'RETENTION_POLICY_NAME_EXISTS',
    );
    await refuses(
      update('db', 'autogen', { ...wrong, name: 'free' }),
      'retention policy duration must be at least 1h0m0s',
      'RETENTION_POLICY_DURATION_TOO_LOW',
    );
    const incompatible = [
      'retention policy duration must be greater than the shard duration',
      'INCOMPATIBLE_DURATIONS',
    ] as const;
    await refuses(update('db', 'autogen', { duration: day, shardGroupDuration: week }), ...incompatible);
    // The present shard group duration counts where none is given.
    await refuses(update('db', 'autogen', { duration: day }), ...incompatible);
    await meta.dropRetentionPolicy('db', 'autogen');
    await refuses(update('db', '', {}), 'retention policy not found: ', notFound);
  },

  async 'an update to equal values changes nothing'({ meta, unchangedBy }) {
    await meta.createDatabase('db');
    const same = { name: 'autogen', duration: 0n, replicaN: 1, shardGroupDuration: week };
    await unchangedBy(() => meta.updateRetentionPolicy('db', 'autogen', same, true));
    await unchangedBy(() => meta.updateRetentionPolicy('db', 'autogen', {}, false));
  },
};
