import {
  CfluxClient,
  equalMetadata,
  LocalMetaClient,
  type MetaClient,
  type MetaClientLike,
  type MetaData,
} from 'clusterflux';
import { FakeManager, mockMetaClient } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sharedMethods } from '../src/meta/methods.js';

/** Valid arguments of each method with arguments. */
const valid: Partial<Record<keyof MetaClient, readonly unknown[]>> = {
  acquireLease: ['a lease'],
  database: ['db'],
  createDatabase: ['db'],
  createDatabaseWithRetentionPolicy: ['db', { name: 'rp' }],
  dropDatabase: ['db'],
  retentionPolicy: ['db', 'rp'],
  createRetentionPolicy: ['db', { name: 'rp' }, true],
  updateRetentionPolicy: ['db', 'rp', {}, true],
  dropRetentionPolicy: ['db', 'rp'],
  user: ['bob'],
  createUser: ['bob', 'secret', true],
  updateUser: ['bob', 'secret'],
  dropUser: ['bob'],
  setPrivilege: ['bob', 'db', 1],
  setAdminPrivilege: ['bob', true],
  userPrivileges: ['bob'],
  userPrivilege: ['bob', 'db'],
  authenticate: ['bob', 'secret'],
  shardGroupsByTimeRange: ['db', 'rp', 0n, 1n],
  shardsByTimeRange: [[{ database: 'db', retentionPolicy: 'rp' }], 0n, 1n],
  shardOwner: [1n],
  dropShard: [1n],
  createShardGroup: ['db', 'rp', 0n],
  deleteShardGroup: ['db', 'rp', 1n],
  precreateShardGroups: [0n, 1n],
  truncateShardGroups: [0n],
  createContinuousQuery: ['db', 'cq', 'SELECT'],
  dropContinuousQuery: ['db', 'cq'],
  createSubscription: ['db', 'rp', 'sub', 'ALL', ['udp://h:1']],
  dropSubscription: ['db', 'rp', 'sub'],
};
const calls = Object.entries(valid).flatMap(([method, args]) =>
  args.map((_, position) => [method as keyof MetaClient, position, args] as const),
);

const openClient = async <M extends MetaClientLike>(meta: M) => {
  const fake = new FakeManager();
  const client = new CfluxClient(meta, {
    transport: fake.transport,
  });
  onTestFinished(async () => {
    await client.close();
    await fake.close();
  });
  await client.open();
  return client;
};

const call = async (target: object, method: string, args: readonly unknown[]): Promise<unknown> =>
  Reflect.apply(Reflect.get(target, method), target, args);

const refusal = (message: RegExp) =>
  expect.objectContaining({
    code: 'INVALID_ARGUMENT',
    outcome: 'notApplied',
    message: expect.stringMatching(message),
  });

describe('arguments of meta methods', () => {
  it('every method with arguments is tried', () => {
    const withArguments = sharedMethods
      .map(([name]) => name)
      .filter(
        (name) =>
          name !== 'setData' && LocalMetaClient.prototype[name].toString().includes('wrongArgumentOf'),
      );
    expect(Object.keys(valid).sort()).toEqual(withArguments.sort());
  });

  it('a wrong type of any argument of any method is refused with its name, and changes nothing', async () => {
    const local = new LocalMetaClient();
    const before = local.data();
    const client = await openClient(mockMetaClient());
    for (const [method, position, args] of calls) {
      for (const wrong of [Symbol('x'), Number.NaN, null]) {
        if (wrong === null && method === 'createDatabaseWithRetentionPolicy') continue;
        if (wrong === null && method === 'createRetentionPolicy') continue;
        if (typeof wrong === 'number' && method === 'setPrivilege' && position === 2) continue;
        const given = args.with(position, wrong);
        const message = new RegExp(`^${method}: argument \\w+: expected .+, found (a symbol|NaN|null)$`);
        for (const target of [local, client])
          await expect(call(target, method, given), `${method} ${position}`).rejects.toEqual(
            refusal(message),
          );
      }
    }
    expect(equalMetadata(local.data(), before)).toBe(true);
    expect(await client.databases()).toEqual([]);
  });

  it.each<[string, string, readonly unknown[], RegExp]>([
    [
      'a missing name',
      'createDatabase',
      [],
      /createDatabase: argument name: expected a string, found undefined/,
    ],
    ['a list for a name', 'dropDatabase', [['a', 'b']], /argument name: expected a string, found an array/],
    [
      'a missing flag',
      'createUser',
      ['bob', 'secret'],
      /argument admin: expected true or false, found undefined/,
    ],
    ['a number for an id', 'dropShard', [7], /argument id: expected a bigint such as 1n, found a number/],
    [
      'a date for a time',
      'createShardGroup',
      ['db', 'rp', new Date(0)],
      /argument timestamp: expected a bigint .+, found an object of class Date/,
    ],
    [
      'a misspelt field of a policy',
      'createRetentionPolicy',
      ['db', { name: 'rp', replicas: 2 }, true],
      /argument spec\.replicas: expected replicaN, found an unknown name/,
    ],
    [
      'a number for a duration',
      'updateRetentionPolicy',
      ['db', 'rp', { duration: 3_600 }, false],
      /argument update\.duration: expected a bigint of nanoseconds or a string such as "7d", found a number/,
    ],
    [
      'a destination that is no string',
      'createSubscription',
      ['db', 'rp', 's', 'ALL', [7]],
      /argument destinations: expected an array, each item a string/,
    ],
    [
      'a source without a policy',
      'shardsByTimeRange',
      [[{ database: 'db' }], 0n, 1n],
      /argument sources\[0\]\.retentionPolicy: expected a string, found undefined/,
    ],
    ['no metadata', 'setData', [], /setData: argument data: expected an object, found undefined/],
    [
      'metadata with a number for an id',
      'setData',
      [{ ...new LocalMetaClient().data(), maxShardId: 7 }],
      /argument data\.maxShardId: expected a bigint such as 1n, found a number/,
    ],
  ])('%s', async (_, method, args, message) => {
    const client = await openClient(new LocalMetaClient());
    for (const target of [new LocalMetaClient(), client])
      await expect(call(target, method, args)).rejects.toEqual(refusal(message));
  });

  it('a password is in no error', async () => {
    const error: unknown = await call(new LocalMetaClient(), 'createUser', [
      'bob',
      { secret: 's3cret' },
      true,
    ]).catch((reason: unknown) => reason);
    expect(error).toEqual(refusal(/argument password: expected a string, found an object$/));
  });

  it('a policy that exists may be the specification of another one', async () => {
    const client = await openClient(new LocalMetaClient());
    await client.createDatabase('a');
    const policy = await client.retentionPolicy('a', 'autogen');
    if (policy === undefined) throw new Error('no policy');
    await client.createDatabaseWithRetentionPolicy('b', policy);
    expect(await client.retentionPolicy('b', '')).toEqual(policy);
  });
});

/** A client in plain JavaScript that keeps what it is given. */
function plainClient(initial: unknown) {
  const state = { data: initial };
  return {
    data: () => state.data as MetaData,
    setData: (data: MetaData) => {
      state.data = data;
    },
    state,
  };
}

describe('metadata of a wrong shape', () => {
  const empty = new LocalMetaClient({ clusterId: 1n }).data();
  const database = { name: 'db', defaultRetentionPolicy: '', retentionPolicies: [], continuousQueries: [] };
  const policy = {
    name: 'rp',
    replicaN: 1,
    duration: 0n,
    shardGroupDuration: 1n,
    shardGroups: [],
    subscriptions: [],
  };
  const user = { name: 'bob', hash: '', admin: true, privileges: new Map() };

  it.each<[string, unknown, RegExp]>([
    ['undefined', undefined, /^data\(\) of the wrapped meta client: expected an object, found undefined/],
    ['text', '{}', /expected an object, found a string/],
    [
      'an empty object',
      {},
      /^data\(\)\.term of the wrapped meta client: expected a bigint .+, found undefined/,
    ],
    [
      'no list of databases',
      { ...empty, databases: {} },
      /data\(\)\.databases of .+ expected an array, found an object/,
    ],
    [
      'a hole',
      { ...empty, databases: [null] },
      /data\(\)\.databases\[0\] of .+ expected an object, found null/,
    ],
    ['a number for an id', { ...empty, clusterId: 7 }, /data\(\)\.clusterId .+ found a number/],
    [
      'a duration as text',
      { ...empty, databases: [{ ...database, retentionPolicies: [{ ...policy, duration: '7d' }] }] },
      /data\(\)\.databases\[0\]\.retentionPolicies\[0\]\.duration .+ found a string/,
    ],
    [
      'privileges as an object',
      { ...empty, users: [user, { ...user, name: 'eve', privileges: {} }] },
      /data\(\)\.users\[1\]\.privileges of .+ expected a Map, found an object/,
    ],
  ])('open() rejects with the field if data() returns %s', async (_, data, message) => {
    const fake = new FakeManager();
    const client = new CfluxClient(plainClient(data), { transport: fake.transport });
    await expect(client.open()).rejects.toEqual(refusal(message));
    await client.close();
    await fake.close();
  });

  it('R3: a change after which data() is wrong is rejected, and the client gets its metadata back', async () => {
    const meta = { ...plainClient(empty), fork: undefined };
    const client = await openClient(meta);
    const changed = client.mutate((it) => it.setData({ ...empty, users: [{ ...user, admin: 1 as never }] }));
    await expect(changed).rejects.toEqual(refusal(/data\(\)\.users\[0\]\.admin of .+ found a number/));
    expect(equalMetadata(meta.data(), empty)).toBe(true);
  });
});

describe('arguments of the client itself', () => {
  it.each<[string, (client: object) => unknown, string, RegExp]>([
    [
      'mutate without a function',
      (client) => call(client, 'mutate', []),
      'INVALID_ARGUMENT',
      /mutate: argument operation: expected a function/,
    ],
    [
      'a misspelt option of mutate',
      (client) => call(client, 'mutate', [() => 1, { timeOut: 1 }]),
      'INVALID_OPTION',
      /timeOut: unknown to mutate; did you mean timeout\?/,
    ],
    [
      'text for a timeout',
      (client) => call(client, 'mutate', [() => 1, { timeout: '5s' }]),
      'INVALID_OPTION',
      /option timeout of mutate: expected a number of milliseconds, found a string/,
    ],
    [
      'null for the options',
      (client) => call(client, 'mutate', [() => 1, null]),
      'INVALID_OPTION',
      /options of mutate: .*found null/,
    ],
    [
      'a controller for a signal',
      (client) => call(client, 'refresh', [{ signal: new AbortController() }]),
      'INVALID_OPTION',
      /signal of refresh: expected an AbortSignal, found an object of class AbortController/,
    ],
    [
      'no version',
      (client) => call(client, 'waitForVersion', []),
      'INVALID_ARGUMENT',
      /version: expected a whole number, 0 or more, found undefined/,
    ],
    [
      'NaN for a version',
      (client) => call(client, 'waitForVersion', [Number.NaN]),
      'INVALID_ARGUMENT',
      /found NaN/,
    ],
    [
      'a misspelt option of close',
      (client) => call(client, 'close', [{ unregister: true }]),
      'INVALID_OPTION',
      /unregister: unknown to close; did you mean deregister\?/,
    ],
    [
      'an unknown event',
      (client) => call(client, 'on', ['sync', () => {}]),
      'INVALID_ARGUMENT',
      /on: argument name: expected synced, found an unknown event "sync"/,
    ],
    [
      'no listener',
      (client) => call(client, 'once', ['synced']),
      'INVALID_ARGUMENT',
      /listener: expected a function, found undefined/,
    ],
  ])('%s is refused', async (_, run, code, message) => {
    const client = await openClient(new LocalMetaClient());
    await expect(run(client)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(client.status.state).toBe('online');
  });
});
