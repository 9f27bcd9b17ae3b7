import { CfluxClient, decodeMetadata, LocalMetaClient } from 'clusterflux';
import {
  createManagerServer,
  EtcdStore,
  LmdbStore,
  Manager,
  type ManagerStore,
  MemoryStore,
} from 'clusterflux/manager';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../meta/support/temporary-directory.js';
import { type EtcdCluster, startEtcd } from '../support/etcd.js';
import { LegacyNode } from '../support/legacy-node.js';
import { serve } from '../support/serve.js';
import { describeWithServer } from '../support/servers.js';

const changes = 12;

/** What is told of a change by a client that cannot tell whether it was stored. */
interface Writer {
  createDatabase(name: string): Promise<unknown>;
}

async function legacyAt(url: string, localAddress: string): Promise<LegacyNode> {
  const node = await LegacyNode.open(url, { cluster: 'c', localAddress });
  onTestFinished(() => node.close());
  return node;
}

async function ourNodeAt(endpoint: string): Promise<Writer> {
  const client = new CfluxClient(new LocalMetaClient(), { endpoint, cluster: 'c' });
  onTestFinished(() => client.close());
  await client.open();
  return client;
}

/** Every writer makes its changes at once; returns the names that were reported as done and are not in the cluster. */
async function lost(url: string, writers: readonly Writer[]): Promise<readonly string[]> {
  const names = writers.map((_, writer) =>
    Array.from({ length: changes }, (_, change) => `w${writer}-${change}`),
  );
  await Promise.all(
    writers.flatMap((writer, number) => (names[number] ?? []).map((name) => writer.createDatabase(name))),
  );
  const newest = await fetch(`${url}/clusters/c/versions/0`);
  const { databases } = decodeMetadata(new Uint8Array(await newest.arrayBuffer()));
  const stored = new Set(databases.map(({ name }) => name));
  return names.flat().filter((name) => !stored.has(name));
}

const places = [
  ['one address', ['127.0.0.2']],
  ['an address each', ['127.0.0.2', '127.0.0.3', '127.0.0.4']],
] as const;

function losesNothing(makeStore: () => Promise<ManagerStore>) {
  it.each(places)(
    'R8, R26: stores every change of legacy nodes at %s, and of one of ours',
    async (_, addresses) => {
      // The whole of 127.0.0.0/8 connects to this address.
      const { url } = await serve({ store: await makeStore() });
      const legacy = [];
      for (const number of [0, 1])
        legacy.push(await legacyAt(url, addresses[number % addresses.length] ?? ''));
      expect(await lost(url, [...legacy, await ourNodeAt(url)])).toEqual([]);
    },
  );

  it.each(places)('R8, R26: stores every change of three legacy nodes at %s', async (_, addresses) => {
    const { url } = await serve({ store: await makeStore() });
    const legacy = [];
    for (const number of [0, 1, 2])
      legacy.push(await legacyAt(url, addresses[number % addresses.length] ?? ''));
    expect(await lost(url, legacy)).toEqual([]);
  });
}

describe('a manager with the store in memory', () => {
  losesNothing(async () => new MemoryStore());
});

describe('a manager with lmdb', () => {
  losesNothing(async () => new LmdbStore({ dir: await temporaryDirectory() }));
});

describeWithServer('etcd', 'a manager with etcd', () => {
  let etcd: EtcdCluster;
  let prefixes = 0;
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd.close());
  const newStore = (prefix = `/legacy-${prefixes++}/`) =>
    new EtcdStore({ endpoints: etcd.endpoints, prefix });

  losesNothing(async () => newStore());

  it('R26: shows the loser of a conflict the version that is the newest when the response is sent', async () => {
    const { url, manager } = await serve({ store: newStore() });
    const nodes = [];
    for (const address of ['127.0.0.2', '127.0.0.3', '127.0.0.3']) nodes.push(await legacyAt(url, address));
    let overtaken = 0;
    for (const node of nodes) {
      node.onConflict = async (shown) => {
        const [newest] = await manager.history('c');
        if (newest?.version !== shown) overtaken += 1;
      };
    }
    expect(await lost(url, nodes)).toEqual([]);
    expect(overtaken).toBe(0);
  });

  it('R26: two managers lose nothing of legacy nodes that each uses one of them', async () => {
    const prefix = `/legacy-${prefixes++}/`;
    const urls = await Promise.all(
      [0, 1].map(async () => {
        const manager = new Manager({ store: newStore(prefix) });
        const server = await createManagerServer(manager, { port: 0 });
        onTestFinished(async () => {
          await server.close();
          await manager.close();
        });
        return server.url;
      }),
    );
    const [here = '', there = ''] = urls;
    const nodes = [await legacyAt(here, '127.0.0.2'), await legacyAt(there, '127.0.0.2')];
    expect(await lost(here, nodes)).toEqual([]);
  });
});
