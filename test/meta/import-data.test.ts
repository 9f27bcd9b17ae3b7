import { importData, LocalMetaClient, type MetaData } from 'clusterflux';
import { describe, expect, it } from 'vitest';

/** A backup with two databases, one of two policies, and `_internal`. */
async function backup(): Promise<MetaData> {
  const client = new LocalMetaClient();
  await client.createDatabase('_internal');
  await client.createDatabase('a');
  await client.createRetentionPolicy('a', { name: 'short', duration: '1d' }, true);
  for (const at of [0n, 10n ** 18n]) await client.createShardGroup('a', 'autogen', at);
  await client.createShardGroup('a', 'short', 0n);
  await client.createSubscription('a', 'short', 's', 'ALL', ['udp://h:1']);
  await client.createContinuousQuery('a', 'c', 'q');
  await client.createDatabase('b');
  await client.createUser('u', { hash: '', matches: async () => true }, true);
  return client.data();
}

async function store(): Promise<MetaData> {
  const client = new LocalMetaClient();
  await client.createDatabase('here');
  await client.createShardGroup('here', 'autogen', 0n);
  return client.data();
}

describe('importing the databases of a backup', () => {
  it('all but _internal come, with new ids, without owners and continuous queries', async () => {
    const [data, other] = [await store(), await backup()];
    const owned: MetaData = {
      ...other,
      databases: other.databases.map((database) => ({
        ...database,
        retentionPolicies: database.retentionPolicies.map((policy) => ({
          ...policy,
          shardGroups: policy.shardGroups.map((group) => ({
            ...group,
            shards: group.shards.map((shard) => ({ ...shard, owners: [{ nodeId: 9n }] })),
          })),
        })),
      })),
    };
    const imported = importData(data, owned);
    expect(imported.databases).toEqual(['a', 'b']);
    expect([...imported.shardIds]).toEqual([
      [1n, 2n],
      [2n, 3n],
      [3n, 4n],
    ]);
    const a = imported.data.databases[1];
    expect(imported.data.databases.map(({ name }) => name)).toEqual(['here', 'a', 'b']);
    expect(imported.data).toMatchObject({
      maxShardGroupId: 4n,
      maxShardId: 4n,
      users: [],
      index: data.index,
    });
    expect(a).toMatchObject({ defaultRetentionPolicy: 'short', continuousQueries: [] });
    expect(a?.retentionPolicies[1]?.subscriptions).toHaveLength(1);
    expect(a?.retentionPolicies[0]?.shardGroups).toMatchObject([
      { id: 2n, startTime: -259_200_000_000_000n, shards: [{ id: 2n, owners: [] }] },
      { id: 3n, shards: [{ id: 3n, owners: [] }] },
    ]);
    expect(data.databases).toHaveLength(1);
    expect(other.databases[1]?.retentionPolicies[0]?.shardGroups[0]?.id).toBe(1n);
  });

  it('or one of them, or one policy of it, under other names', async () => {
    const [data, other] = [await store(), await backup()];
    const whole = importData(data, other, { backupDatabase: 'a', restoreDatabase: 'c' });
    expect(whole.databases).toEqual(['c']);
    expect(whole.data.databases[1]).toMatchObject({ name: 'c', defaultRetentionPolicy: 'short' });
    const part = importData(data, other, {
      backupDatabase: 'a',
      backupRetentionPolicy: 'autogen',
      restoreRetentionPolicy: 'restored',
    });
    expect(part.data.databases[1]).toMatchObject({
      name: 'a',
      defaultRetentionPolicy: 'restored',
      retentionPolicies: [{ name: 'restored' }],
    });
    expect(part.shardIds.size).toBe(2);
  });

  it.each([
    [{ backupDatabase: 'x' }, 'imported metadata does not have datbase named x'],
    [{ backupDatabase: 'a', restoreDatabase: 'here' }, 'database already exists'],
    [{ backupDatabase: 'a', restoreDatabase: 'x'.repeat(256) }, 'name too long'],
    [{ backupDatabase: 'a', backupRetentionPolicy: 'x' }, 'retention Policy not found in meta backup: a.x'],
  ])('%o is refused', async (selection, message) => {
    const [data, other] = [await store(), await backup()];
    expect(() => importData(data, other, selection)).toThrowError(message);
  });

  it('the first that cannot be imported fails the whole', async () => {
    const other = await backup();
    expect(() => importData(other, other)).toThrowError('database already exists');
  });
});
