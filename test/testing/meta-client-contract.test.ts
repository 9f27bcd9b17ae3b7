import { AssertionError } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CfluxClient, LocalMetaClient, type MetaClient } from 'clusterflux';
import { LocalTransport, Manager, MemoryStore } from 'clusterflux/manager';
import { metaClientContract, mockMetaClient, type OpenMetaClient } from 'clusterflux/testing';
import { describe, expect, it } from 'vitest';
import { metaClientMethods } from '../../src/meta/methods.js';

// bcrypt's lowest: the checks make users by the dozen.
const bcryptCost = 4;

/** A meta client to be checked, and wrapped; `again` makes the next one of the same store. */
interface Made {
  readonly meta: MetaClient;
  readonly again?: () => MetaClient;
  readonly destroy?: () => Promise<void>;
}

const makers: Record<string, () => Promise<Made>> = {
  async 'LocalMetaClient in memory'() {
    return { meta: new LocalMetaClient({ bcryptCost }) };
  },
  async 'LocalMetaClient in a directory'() {
    const dir = await mkdtemp(join(tmpdir(), 'cflux-contract-'));
    const again = () => new LocalMetaClient({ bcryptCost, dir });
    return { meta: again(), again, destroy: () => rm(dir, { recursive: true }) };
  },
  async 'mockMetaClient()'() {
    return { meta: mockMetaClient() };
  },
  async 'a fork of LocalMetaClient'() {
    return { meta: new LocalMetaClient({ bcryptCost }).fork() };
  },
};

/** The client itself. */
async function openBare({ meta, again, destroy }: Made): Promise<OpenMetaClient> {
  let open = meta;
  await open.open();
  return {
    client: meta,
    ...(again && {
      async reopen() {
        await open.close();
        open = again();
        await open.open();
        return open;
      },
    }),
    async close() {
      await open.close();
      await destroy?.();
    },
  };
}

/** A CfluxClient around it, the only node of its cluster. */
async function openWrapped({ meta, again, destroy }: Made): Promise<OpenMetaClient> {
  const manager = new Manager({ store: new MemoryStore() });
  const transport = new LocalTransport(manager);
  let open = new CfluxClient(meta, { transport });
  await open.open();
  return {
    client: open,
    ...(again && {
      async reopen() {
        await open.close();
        open = new CfluxClient(again(), { transport });
        await open.open();
        return open;
      },
    }),
    async close() {
      await open.close();
      await manager.close();
      await destroy?.();
    },
  };
}

describe.each(Object.entries(makers))('%s', (_, make) => {
  for (const { name, run } of metaClientContract({ open: async () => openBare(await make()) })) it(name, run);
});

describe.each(Object.entries(makers))('CfluxClient around %s', (_, make) => {
  for (const { name, run } of metaClientContract({ open: async () => openWrapped(await make()) }))
    it(name, run);
});

/** Clients with one fault each. */
const faults: Record<string, (this: LocalMetaClient, ...args: never[]) => unknown> = {
  createDatabase(name: string) {
    return LocalMetaClient.prototype.createDatabase.call(this, name.toLowerCase());
  },
  databases() {
    return this.data().databases.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  },
  async dropDatabase(name: string) {
    const { users } = this.data();
    await LocalMetaClient.prototype.dropDatabase.call(this, name);
    await this.setData({ ...this.data(), users });
  },
  async createSubscription(...args: Parameters<MetaClient['createSubscription']>) {
    const there = this.retentionPolicy(args[0], args[1])?.subscriptions.some(({ name }) => name === args[2]);
    if (!there) await LocalMetaClient.prototype.createSubscription.apply(this, args);
  },
  shardGroupsByTimeRange(database: string, policy: string, min: bigint, max: bigint) {
    return LocalMetaClient.prototype.shardGroupsByTimeRange.call(this, database, policy, min, max - 1n);
  },
  authenticate(username: string) {
    return this.user(username);
  },
  retentionPolicy(database: string, name: string) {
    return this.database(database)?.retentionPolicies.find((policy) => policy.name === name);
  },
  async updateRetentionPolicy(...args: Parameters<MetaClient['updateRetentionPolicy']>) {
    const [database, name, update] = args;
    const wasDefault = this.database(database)?.defaultRetentionPolicy === name;
    await LocalMetaClient.prototype.updateRetentionPolicy.apply(this, args);
    // The default follows a renamed policy: sensible, and not what InfluxDB does.
    if (wasDefault)
      await LocalMetaClient.prototype.updateRetentionPolicy.call(
        this,
        database,
        update.name ?? name,
        {},
        true,
      );
  },
};

describe('the contract finds a client', () => {
  const methods = Object.entries(metaClientMethods).filter(([, kind]) => kind !== 'lifecycle');
  const runAll = async (overrides: Partial<MetaClient>) => {
    const open = () => ({ client: mockMetaClient({ overrides }) });
    for (const { run } of metaClientContract({ open })) await run();
  };

  it.each(methods)('whose %s does nothing', async (method) => {
    await expect(runAll({ [method]: async () => undefined })).rejects.toThrow();
  });

  it.each(Object.entries(faults))('whose %s has a fault', async (method, fault) => {
    await expect(runAll({ [method]: fault })).rejects.toBeInstanceOf(AssertionError);
  });
});
