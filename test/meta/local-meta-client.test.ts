import { LocalMetaClient, type MetaData } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { metaClientMethods } from '../../src/meta/methods.js';

const nobody = { hash: 'h', matches: async () => false };

async function sample(): Promise<LocalMetaClient> {
  const client = new LocalMetaClient({ bcryptCost: 4 });
  for (let i = 0; i < 40; i++) await client.createDatabase(`db${i}`);
  await client.createShardGroup('db1', 'autogen', 0n);
  await client.createContinuousQuery('db1', 'c', 'q');
  await client.createSubscription('db1', 'autogen', 's', 'ALL', []);
  await client.createUser('u', nobody, true);
  return client;
}

/** Freezes everything, so that a change of it throws. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value) && !ArrayBuffer.isView(value)) {
    Object.freeze(value);
    for (const field of value instanceof Map ? value.values() : Object.values(value)) frozen(field);
  }
  return value;
}

describe('LocalMetaClient', () => {
  it('has every method of a meta client', () => {
    const client = new LocalMetaClient();
    for (const name of Object.keys(metaClientMethods)) expect(client).toHaveProperty(name);
  });

  it('a new store is empty, with a cluster id of 63 bits', () => {
    const { clusterId, ...rest } = new LocalMetaClient().data();
    expect(clusterId >= 0n && clusterId < 2n ** 63n).toBe(true);
    expect(clusterId).not.toBe(new LocalMetaClient().clusterId());
    expect(rest).toEqual({
      term: 0n,
      index: 1n,
      databases: [],
      users: [],
      maxNodeId: 0n,
      maxShardGroupId: 0n,
      maxShardId: 0n,
    });
    expect(new LocalMetaClient({ random: () => 0.999_999_999_9 }).clusterId()).toBe(2n ** 63n - 1n);
  });

  it('returned records never change', async () => {
    const client = await sample();
    frozen(client.data());
    await client.updateRetentionPolicy('db1', 'autogen', { duration: '1d', shardGroupDuration: '1h' }, true);
    await client.truncateShardGroups(5n);
    await client.deleteShardGroup('db1', 'autogen', 1n);
    await client.dropShard(1n);
    await client.dropSubscription('db1', 'autogen', 's');
    await client.dropContinuousQuery('db1', 'c');
    await client.setPrivilege('u', 'db1', 1);
    await client.setAdminPrivilege('u', false);
    await client.dropDatabase('db1');
    await client.dropUser('u');
    expect(client.userCount()).toBe(0);
  });

  it('parts that a change does not touch stay the same objects', async () => {
    const client = await sample();
    const before = client.data();
    await client.createRetentionPolicy('db1', { name: 'other' }, false);
    const after = client.data();
    expect(after.users).toBe(before.users);
    const changed = after.databases.filter((database, position) => database !== before.databases[position]);
    expect(changed.map(({ name }) => name)).toEqual(['db1']);
    expect(changed[0]?.continuousQueries).toBe(before.databases[1]?.continuousQueries);
    expect(changed[0]?.retentionPolicies[0]).toBe(before.databases[1]?.retentionPolicies[0]);
  });

  it.each<[string, (client: LocalMetaClient) => Promise<unknown>]>([
    ['createDatabase', (client) => client.createDatabase('')],
    [
      'createDatabaseWithRetentionPolicy',
      (client) => client.createDatabaseWithRetentionPolicy('db1', { duration: '1h' }),
    ],
    [
      'createRetentionPolicy',
      (client) => client.createRetentionPolicy('db1', { name: 'autogen', replicaN: 2 }, true),
    ],
    ['updateRetentionPolicy', (client) => client.updateRetentionPolicy('db1', 'x', {}, true)],
    ['createShardGroup', (client) => client.createShardGroup('db1', 'x', 0n)],
    ['deleteShardGroup', (client) => client.deleteShardGroup('db1', 'autogen', 9n)],
    ['createContinuousQuery', (client) => client.createContinuousQuery('db1', 'c', 'other')],
    ['createSubscription', (client) => client.createSubscription('db1', 'autogen', 's', 'ALL', [])],
    ['dropSubscription', (client) => client.dropSubscription('db1', 'autogen', 'x')],
    ['createUser', (client) => client.createUser('u', nobody, true)],
    ['updateUser', (client) => client.updateUser('x', nobody)],
    ['dropUser', (client) => client.dropUser('x')],
    ['setPrivilege', (client) => client.setPrivilege('u', 'x', 1)],
    ['setPrivilege, not an integer', (client) => client.setPrivilege('u', 'db1', 1.5)],
    ['setAdminPrivilege', (client) => client.setAdminPrivilege('x', true)],
  ])('%s, refused, leaves the very same data', async (_, refused) => {
    const client = await sample();
    const before = client.data();
    await expect(refused(client)).rejects.toThrowError();
    expect(client.data()).toBe(before);
  });

  it.each<[string, (client: LocalMetaClient) => Promise<unknown>]>([
    ['createDatabase of one that exists', (client) => client.createDatabase('db1')],
    ['createShardGroup of one that exists', (client) => client.createShardGroup('db1', 'autogen', 0n)],
    ['precreateShardGroups without need', (client) => client.precreateShardGroups(0n, 1n)],
    ['pruneShardGroups without need', (client) => client.pruneShardGroups()],
  ])('%s commits nothing', async (_, call) => {
    const client = await sample();
    const before = client.data();
    await call(client);
    expect(client.data()).toBe(before);
  });

  it.each<[string, (client: LocalMetaClient) => Promise<unknown>]>([
    ['dropDatabase', (client) => client.dropDatabase('x')],
    ['dropRetentionPolicy', (client) => client.dropRetentionPolicy('x', 'y')],
    ['dropContinuousQuery', (client) => client.dropContinuousQuery('x', 'y')],
    ['dropShard', (client) => client.dropShard(99n)],
    ['truncateShardGroups', (client) => client.truncateShardGroups(2n ** 62n)],
    ['createRetentionPolicy', (client) => client.createRetentionPolicy('db1', {}, true)],
    ['createContinuousQuery', (client) => client.createContinuousQuery('db1', 'c', 'Q')],
  ])('%s without effect is a commit all the same, and changes nothing else', async (_, call) => {
    const client = await sample();
    const before = client.data();
    await call(client);
    expect(client.data()).toEqual({ ...before, index: before.index + 1n });
    expect(client.data().databases).toBe(before.databases);
  });

  it('queries are the same if they are in lower case code point by code point', async () => {
    const client = await sample();
    await client.createContinuousQuery('db1', 'greek', 'ΑΣ İ');
    await client.createContinuousQuery('db1', 'greek', 'ασ i');
    await expect(client.createContinuousQuery('db1', 'greek', 'ας i')).rejects.toThrowError(
      'continuous query already exists',
    );
    expect(client.database('db1')?.continuousQueries.at(-1)?.query).toBe('ΑΣ İ');
  });

  it('a commit resolves waits for a change, a refused operation does not', async () => {
    const client = await sample();
    let notified = 0;
    const waiting = Promise.all(
      [client.waitForDataChanged(), client.waitForDataChanged()].map((change) =>
        change.then(() => notified++),
      ),
    );
    await expect(client.createDatabase('')).rejects.toThrowError();
    await client.createDatabase('db1');
    expect(notified).toBe(0);
    await client.createDatabase('new');
    await waiting;
    expect(notified).toBe(2);
  });

  it('setData replaces everything, and counts from the given index', async () => {
    const [client, other] = [await sample(), new LocalMetaClient({ clusterId: 5n })];
    const given: MetaData = { ...other.data(), index: 7n };
    await client.setData(given);
    expect(client.data()).toEqual({ ...given, index: 8n });
    expect(client.clusterId()).toBe(5n);
  });

  it('a lease is always granted, for a minute', () => {
    const client = new LocalMetaClient({
      clock: { now: () => 1000.7, monotonic: () => 0, after: () => () => {} },
    });
    expect(client.acquireLease('x')).toEqual({ name: 'x', expiration: 61_000_000_000n, owner: 0n });
  });

  it('can be opened and closed in memory, and works all the same', async () => {
    const client = new LocalMetaClient();
    await client.close();
    await client.open();
    await client.open();
    await client.createDatabase('a');
    await client.close();
    await client.close();
    await client.createDatabase('b');
    expect(client.databases()).toHaveLength(2);
  });
});

describe('a fork', () => {
  it('shares the records, and goes its own way', async () => {
    const client = await sample();
    const before = client.data();
    const fork = client.fork();
    expect(fork.data()).toBe(before);
    await fork.dropDatabase('db1');
    expect(client.data()).toBe(before);
    await client.createDatabase('here');
    expect(fork.database('here')).toBeUndefined();
    expect(fork.data().index).toBe(before.index + 1n);
    await client.setData(fork.data());
    expect(client.data()).toEqual({ ...fork.data(), index: fork.data().index + 1n });
    expect(client.data().databases).toBe(fork.data().databases);
  });

  it('has the options of its origin', async () => {
    const client = new LocalMetaClient({ retentionAutoCreate: false, bcryptCost: 5 });
    const fork = client.fork().fork();
    expect((await fork.createDatabase('db')).retentionPolicies).toEqual([]);
    expect((await fork.createUser('u', 'p', false)).hash).toMatch(/^\$2a\$05\$/);
  });
});
