import assert from 'node:assert/strict';
import { day, hour, names, week } from './bench.js';
import type { Checks } from './check.js';

const autogen = {
  name: 'autogen',
  replicaN: 1,
  duration: 0n,
  shardGroupDuration: week,
  shardGroups: [],
  subscriptions: [],
};
const conflict = ['retention policy conflicts with an existing policy', 'RETENTION_POLICY_CONFLICT'] as const;
const tooLow = [
  'retention policy duration must be at least 1h0m0s',
  'RETENTION_POLICY_DURATION_TOO_LOW',
] as const;

export const databaseChecks: Checks = {
  async 'createDatabase makes a database with the policy autogen'({ meta }) {
    const expected = {
      name: 'db',
      defaultRetentionPolicy: 'autogen',
      retentionPolicies: [autogen],
      continuousQueries: [],
    };
    assert.deepEqual(await meta.createDatabase('db'), expected);
    assert.deepEqual(await meta.database('db'), expected);
  },

  async 'databases are in order of creation; a missing one is undefined'({ meta }) {
    assert.deepEqual(await meta.databases(), []);
    for (const name of ['c', 'a', 'b']) await meta.createDatabase(name);
    assert.deepEqual(names(await meta.databases()), ['c', 'a', 'b']);
    assert.deepEqual(names((await meta.data()).databases), ['c', 'a', 'b']);
    assert.equal(await meta.database('d'), undefined);
  },

  async 'createDatabase returns an existing database unchanged'({ meta, unchangedBy }) {
    await meta.createDatabase('db');
    await meta.createRetentionPolicy('db', { name: 'more' }, true);
    const again = await unchangedBy(() => meta.createDatabase('db'));
    assert.equal(again.defaultRetentionPolicy, 'more');
    assert.deepEqual(names(again.retentionPolicies), ['autogen', 'more']);
  },

  async 'createDatabase refuses an empty name, and one of more than 255 bytes'({ meta, refuses }) {
    await refuses(() => meta.createDatabase(''), 'database name required', 'DATABASE_NAME_REQUIRED');
    await refuses(() => meta.createDatabase('x'.repeat(256)), 'name too long', 'NAME_TOO_LONG');
    await refuses(() => meta.createDatabase('é'.repeat(128)), 'name too long', 'NAME_TOO_LONG');
  },

  async 'every other name is accepted'({ meta }) {
    const odd = [
      'a',
      'A',
      'a/b',
      '..',
      '\0',
      ' ',
      '__proto__',
      'constructor',
      'e\u0301',
      'é',
      '🦆',
      'x'.repeat(255),
    ];
    for (const name of odd) assert.equal((await meta.createDatabase(name)).name, name);
    for (const name of odd) assert.equal((await meta.database(name))?.name, name);
    assert.deepEqual(names(await meta.databases()), odd);
  },

  async 'dropDatabase removes the privileges on the database, and succeeds if it does not exist'({
    meta,
    unchangedBy,
  }) {
    for (const name of ['a', 'b']) await meta.createDatabase(name);
    await meta.createUser('u', 'secret', false);
    await meta.setPrivilege('u', 'a', 1);
    await meta.setPrivilege('u', 'b', 2);
    assert.equal(await meta.dropDatabase('a'), undefined);
    assert.deepEqual(names(await meta.databases()), ['b']);
    assert.deepEqual([...(await meta.userPrivileges('u'))], [['b', 2]]);
    await unchangedBy(() => meta.dropDatabase('a'));
    await meta.createDatabase('a');
    assert.equal(await meta.userPrivilege('u', 'a'), 0, 'a new database of the same name is another one');
  },

  async 'createDatabaseWithRetentionPolicy makes the policy of the spec, and no other, as the default'({
    meta,
  }) {
    const spec = { name: 'month', duration: 30n * day, replicaN: 2 };
    const month = { ...autogen, name: 'month', duration: 30n * day, replicaN: 2, shardGroupDuration: day };
    const expected = {
      name: 'db',
      defaultRetentionPolicy: 'month',
      retentionPolicies: [month],
      continuousQueries: [],
    };
    assert.deepEqual(await meta.createDatabaseWithRetentionPolicy('db', spec), expected);
    assert.deepEqual(await meta.database('db'), expected);
    const bare = await meta.createDatabaseWithRetentionPolicy('bare', {});
    assert.deepEqual(bare.retentionPolicies, [autogen]);
  },

  async 'createDatabaseWithRetentionPolicy again returns the database, if the policy is its default and equal'({
    meta,
    refuses,
    unchangedBy,
  }) {
    const spec = { name: 'month', duration: 30n * day };
    await meta.createDatabaseWithRetentionPolicy('db', spec);
    const again = (other: object) => meta.createDatabaseWithRetentionPolicy('db', { ...spec, ...other });
    assert.equal((await unchangedBy(() => again({}))).defaultRetentionPolicy, 'month');
    await unchangedBy(() => again({ replicaN: 1, shardGroupDuration: day }));
    await refuses(() => again({ name: 'other' }), ...conflict);
    await refuses(() => again({ duration: 31n * day }), ...conflict);
    await refuses(() => again({ replicaN: 2 }), ...conflict);
    await refuses(() => again({ shardGroupDuration: 2n * day }), ...conflict);
    await meta.createRetentionPolicy('db', { name: 'second' }, true);
    await refuses(() => again({}), ...conflict);
    // Made without a spec: it has autogen, and nothing but that will do.
    await meta.createDatabase('plain');
    await unchangedBy(() => meta.createDatabaseWithRetentionPolicy('plain', {}));
    await refuses(() => meta.createDatabaseWithRetentionPolicy('plain', { name: 'other' }), ...conflict);
  },

  async 'createDatabaseWithRetentionPolicy gives a database without policies a first one again'({ meta }) {
    await meta.createDatabase('db');
    await meta.dropRetentionPolicy('db', 'autogen');
    const database = await meta.createDatabaseWithRetentionPolicy('db', { name: 'first', duration: 0n });
    assert.equal(database.defaultRetentionPolicy, 'first');
    assert.deepEqual(names(database.retentionPolicies), ['first']);
  },

  async 'createDatabaseWithRetentionPolicy checks the duration, then the name, then the rest; refused, it creates no database'({
    meta,
    refuses,
  }) {
    const make = (name: string, spec?: object) =>
      Reflect.apply(meta.createDatabaseWithRetentionPolicy, meta, [name, spec]);
    const noSpec = 'CreateDatabaseWithRetentionPolicy called with nil spec';
    await refuses(() => make(''), noSpec, 'RETENTION_POLICY_SPEC_REQUIRED');
    await refuses(() => make('', { duration: hour - 1n }), ...tooLow);
    await refuses(() => make('', { replicaN: 0 }), 'database name required', 'DATABASE_NAME_REQUIRED');
    await refuses(() => make('x'.repeat(256), { replicaN: 0 }), 'name too long', 'NAME_TOO_LONG');
    await refuses(() => make('db', { name: 'x'.repeat(256) }), 'name too long', 'NAME_TOO_LONG');
    const replicas = 'replication factor must be greater than 0';
    await refuses(() => make('db', { replicaN: 0 }), replicas, 'REPLICATION_FACTOR_TOO_LOW');
    const durations = 'retention policy duration must be greater than the shard duration';
    await refuses(
      () => make('db', { duration: day, shardGroupDuration: 2n * day }),
      durations,
      'INCOMPATIBLE_DURATIONS',
    );
    assert.deepEqual(await meta.databases(), []);
  },
};
