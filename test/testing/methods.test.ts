import { CfluxClient, equalMetadata, LocalMetaClient, type MetaClient } from 'clusterflux';
import { LocalTransport, Manager, MemoryStore } from 'clusterflux/manager';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type MutationName, metaClientMethods, type ReadName } from '../../src/meta/methods.js';

/** A time in a shard group of its own. */
const time = 1_700_000_000_000_000_000n;
const week = 604_800_000_000_000n;

/** One call of each method; those that change something would change the store below. The type demands that none is forgotten. */
const calls: { readonly [Name in MutationName | ReadName]: Parameters<MetaClient[Name]> } = {
  clusterId: [],
  data: [],
  setData: [{ ...new LocalMetaClient().data(), maxShardId: 9n }],
  marshalBinary: [],
  waitForDataChanged: [],
  acquireLease: ['lease'],
  database: ['db'],
  databases: [],
  createDatabase: ['new'],
  createDatabaseWithRetentionPolicy: ['new', { name: 'p' }],
  dropDatabase: ['db'],
  retentionPolicy: ['db', 'autogen'],
  createRetentionPolicy: ['db', { name: 'p' }, true],
  updateRetentionPolicy: ['db', 'autogen', { replicaN: 2 }, false],
  dropRetentionPolicy: ['db', 'autogen'],
  users: [],
  user: ['ada'],
  userCount: [],
  adminUserExists: [],
  createUser: ['bob', 'secret', false],
  updateUser: ['ada', 'other'],
  dropUser: ['ada'],
  setPrivilege: ['ada', 'db', 3],
  setAdminPrivilege: ['ada', true],
  userPrivileges: ['ada'],
  userPrivilege: ['ada', 'db'],
  authenticate: ['ada', 'secret'],
  shardIds: [],
  shardGroupsByTimeRange: ['db', 'autogen', 0n, time],
  shardsByTimeRange: [[{ database: 'db', retentionPolicy: 'autogen' }], 0n, time],
  shardOwner: [1n],
  dropShard: [1n],
  createShardGroup: ['db', 'autogen', time + 9n * week],
  deleteShardGroup: ['db', 'autogen', 1n],
  precreateShardGroups: [time, time + 2n * week],
  truncateShardGroups: [time],
  pruneShardGroups: [],
  createContinuousQuery: ['db', 'new', 'SELECT'],
  dropContinuousQuery: ['db', 'q'],
  createSubscription: ['db', 'autogen', 'new', 'ALL', ['udp://h:1']],
  dropSubscription: ['db', 'autogen', 's'],
};

/** A store with something for every method. */
async function filled(): Promise<LocalMetaClient> {
  const meta = new LocalMetaClient({ bcryptCost: 4 });
  await meta.createDatabase('db');
  await meta.createShardGroup('db', 'autogen', time);
  await meta.createDatabase('pruned');
  await meta.createShardGroup('pruned', 'autogen', time);
  await meta.createUser('ada', 'secret', false);
  await meta.createContinuousQuery('db', 'q', 'SELECT');
  await meta.createSubscription('db', 'autogen', 's', 'ALL', ['udp://h:1']);
  const data = meta.data();
  // As if its group had been deleted long ago.
  const databases = data.databases.map((database) => ({
    ...database,
    retentionPolicies: database.retentionPolicies.map((policy) => ({
      ...policy,
      shardGroups: policy.shardGroups.map((group) =>
        database.name === 'pruned' ? { ...group, deletedAt: 1n } : group,
      ),
    })),
  }));
  await meta.setData({ ...data, databases });
  return meta;
}

function call(target: object, name: string, args: readonly unknown[]): unknown {
  return Reflect.apply(Reflect.get(target, name), target, args);
}

const named = (kind: 'read' | 'mutation') =>
  Object.entries(calls).filter(([name]) => metaClientMethods[name as keyof typeof calls] === kind);

/** Two nodes of a cluster; how often the first has pushed. */
async function twoNodes() {
  const manager = new Manager({ store: new MemoryStore() });
  const transport = new LocalTransport(manager);
  const meta = await filled();
  const first = new CfluxClient(meta, { transport });
  const second = new CfluxClient(new LocalMetaClient(), { transport });
  onTestFinished(async () => {
    await first.close();
    await second.close();
    await manager.close();
  });
  await first.open();
  await second.open();
  const pushed: number[] = [];
  first.on('pushed', ({ mutations }) => pushed.push(mutations));
  return { first, second, meta, pushed };
}

describe('the table of methods', () => {
  it.each(named('read'))(
    '%s is a read: it changes nothing, and nothing goes to the cluster',
    async (name, args) => {
      const { first, meta, pushed } = await twoNodes();
      const data = meta.data();
      const { version } = first.status;
      const answers = [call(meta, name, args), call(first, name, args)];
      // Answers at the next change only.
      if (name !== 'waitForDataChanged') await Promise.all(answers);
      expect(await first.refresh()).toBe(version);
      expect(meta.data()).toBe(data);
      expect(pushed).toEqual([]);
    },
  );

  it.each(named('mutation'))('%s is a mutation: it goes through the cluster', async (name, args) => {
    const { first, second, meta, pushed } = await twoNodes();
    const before = meta.data();
    await call(first, name, args);
    await second.waitForVersion(first.status.version);
    expect(pushed).toEqual([1]);
    expect(equalMetadata(meta.data(), before)).toBe(false);
    expect(equalMetadata(await second.data(), meta.data())).toBe(true);
  });
});
