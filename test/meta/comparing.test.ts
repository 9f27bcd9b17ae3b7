import {
  decodeMetadata,
  digestMetadata,
  encodeMetadata,
  equalMetadata,
  LocalMetaClient,
  type MetaData,
} from 'clusterflux';
import { describe, expect, it } from 'vitest';

/** Metadata with something of everything. */
async function sample(): Promise<MetaData> {
  const client = new LocalMetaClient({ clusterId: 7n, bcryptCost: 4 });
  for (let i = 0; i < 50; i++) await client.createDatabase(`db${i}`);
  await client.createShardGroup('db3', 'autogen', 0n);
  await client.createUser('ann', 'p', true);
  await client.createUser('bob', 'q', false);
  await client.setPrivilege('bob', 'db1', 1);
  await client.setPrivilege('bob', 'db2', 3);
  return client.data();
}

const reload = (data: MetaData) => decodeMetadata(encodeMetadata(data, { outOfRange: 'wrap' }));

async function changed(data: MetaData, change: (client: LocalMetaClient) => unknown): Promise<MetaData> {
  const client = new LocalMetaClient();
  await client.setData(data);
  await change(client);
  return client.data();
}

function expectEqual(a: MetaData, b: MetaData, equal: boolean): void {
  expect(equalMetadata(a, b)).toBe(equal);
  expect(equalMetadata(b, a)).toBe(equal);
  expect(digestMetadata(a) === digestMetadata(b)).toBe(equal);
}

describe('comparing metadata', () => {
  it('the index does not count, in whichever way the records came about', async () => {
    const data = await sample();
    expectEqual(data, { ...data, index: 1000n }, true);
    expectEqual(data, reload(data), true);
    expectEqual(data, structuredClone(data), true);
    expect(digestMetadata(data)).toMatch(/^[0-9a-f]{64}$/);
  });

  it("the order of a user's privileges does not count", async () => {
    const data = await sample();
    const users = data.users.map((user) => ({
      ...user,
      privileges: new Map([...user.privileges].reverse()),
    }));
    expect([...(users[1]?.privileges.keys() ?? [])]).toEqual(['db2', 'db1']);
    expectEqual(data, { ...data, users }, true);
  });

  it('what is stored alike is equal', async () => {
    const data = await changed(await sample(), (client) => client.setPrivilege('bob', 'db1', 4294967297));
    expect(data.users[1]?.privileges.get('db1')).toBe(4294967297);
    expect(reload(data).users[1]?.privileges.get('db1')).toBe(1);
    expectEqual(data, reload(data), true);
  });

  it('everything else counts', async () => {
    const data = await sample();
    const others: MetaData[] = [
      { ...data, term: 1n },
      { ...data, clusterId: 8n },
      { ...data, maxShardId: 8n },
      { ...data, unknownFields: Uint8Array.of(0x60, 1) },
      { ...data, databases: data.databases.slice(1) },
      { ...data, databases: [...data.databases].reverse() },
      { ...data, users: [...data.users].reverse() },
      await changed(data, (client) => client.createContinuousQuery('db9', 'c', 'q')),
      await changed(data, (client) => client.setAdminPrivilege('bob', true)),
      await changed(data, (client) => client.setPrivilege('bob', 'db3', 0)),
      await changed(data, (client) => client.truncateShardGroups(5n)),
    ];
    for (const other of others) expectEqual(data, other, false);
    expect(new Set([data, ...others].map(digestMetadata)).size).toBe(others.length + 1);
  });

  it('an empty list of databases is not an empty list of users', async () => {
    const data = await sample();
    expectEqual({ ...data, databases: [] }, { ...data, users: [] }, false);
    // All empty lists may be one and the same object.
    const nothing: readonly never[] = [];
    expectEqual({ ...data, databases: nothing, users: nothing }, { ...data, databases: [], users: [] }, true);
  });
});
