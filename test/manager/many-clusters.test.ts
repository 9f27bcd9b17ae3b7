import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LmdbStore, type ManagerStore, MemoryStore } from 'clusterflux/manager';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serve } from '../support/serve.js';

const register = (url: string, cluster: string) =>
  fetch(`${url}/nodes/${cluster}`, { method: 'POST', body: '{"ip":"10.0.0.1","hostname":"h"}' });
const push = (url: string, cluster: string, version: string | number, body = 'x') =>
  fetch(`${url}/clusters/${cluster}/versions/${version}`, { method: 'POST', body });

describe('R24: the limit on clusters', () => {
  it('a new cluster beyond it is refused, and those that exist stay served', async () => {
    const { url, manager } = await serve({ limits: { clusters: 2 } });
    const version = (await push(url, 'a', 0)).headers.get('version') ?? '';
    const { id } = Object(await (await register(url, 'b')).json());
    const beyond = await push(url, 'c', 0);
    expect([beyond.status, beyond.headers.get('cflux-outcome')]).toEqual([429, 'refused']);
    expect(await beyond.text()).toContain('the limit of 2 clusters is reached');
    expect((await register(url, 'c')).status).toBe(429);
    expect((await manager.clusters()).map(({ cluster }) => cluster)).toEqual(['a', 'b']);
    expect((await push(url, 'a', version)).status).toBe(200);
    expect((await register(url, 'a')).status).toBe(200);
    expect((await push(url, 'b', 0)).status).toBe(200);
    expect((await fetch(`${url}/nodes/b/${id}`, { method: 'PUT' })).status).toBe(200);
    await manager.deleteCluster('a');
    expect((await push(url, 'c', 0)).status).toBe(200);
  });

  it('clusters that another manager made on the same store count, and are served', async () => {
    const store = new MemoryStore();
    const first = await serve({ store });
    await push(first.url, 'a', 0);
    await push(first.url, 'b', 0);
    const second = await serve({ store: store.share(), limits: { clusters: 2 } });
    expect((await push(second.url, 'c', 0)).status).toBe(429);
    expect((await register(second.url, 'b')).status).toBe(200);
    await push(first.url, 'd', 0);
    expect((await register(second.url, 'd')).status).toBe(200);
  });
});

const json = async (answer: Response) => Object(await answer.json());

const stores: [string, () => ManagerStore][] = [
  ['memory', () => new MemoryStore()],
  [
    'lmdb',
    () => {
      const dir = mkdtempSync(join(tmpdir(), 'cflux-many-'));
      onTestFinished(() => rmSync(dir, { recursive: true }));
      return new LmdbStore({ dir });
    },
  ],
];

describe.each(stores)('R24: listings of the %s store', (_, create) => {
  it('are complete and in order, also if several are requested at once', async () => {
    const { url, manager } = await serve({ store: create() });
    const names = Array.from({ length: 1_000 }, (_, i) => `cluster-${String(i).padStart(4, '0')}`);
    await Promise.all(
      names.map((cluster) =>
        manager.push({ cluster, version: 0, snapshot: Buffer.from('x'), mutation: `m-${cluster}` }),
      ),
    );
    const node = { ip: '10.0.0.1', hostname: 'h', bindAddress: 'h:8086', addresses: [] };
    const added = await Promise.all(
      Array.from({ length: 2_000 }, () => manager.register('cluster-0500', node)),
    );
    const ids = added.map(({ id }) => id).sort((a, b) => a - b);
    const [clusters, nodes, all, metrics] = await Promise.all([
      fetch(`${url}/clusters`).then(json),
      fetch(`${url}/nodes/cluster-0500`).then(json),
      fetch(`${url}/nodes`).then(json),
      fetch(`${url}/metrics`).then((answer) => answer.text()),
    ]);
    expect(clusters.map(({ cluster }: { cluster: string }) => cluster)).toEqual(names);
    expect(clusters[500]).toMatchObject({ nodes: 2_000, alive: 2_000 });
    expect(nodes.map(({ id }: { id: number }) => id)).toEqual(ids);
    expect(all.influx).toHaveLength(2_000);
    expect(metrics.match(/^cflux_cluster_version\{/gm)).toHaveLength(1_000);
    expect(metrics).toContain('cflux_nodes{cluster="cluster-0500",alive="true"} 2000');
  });
});

it('R24: names of clusters are escaped in the metrics', async () => {
  const { url } = await serve();
  await push(url, encodeURIComponent('a"b\\c\nd'), 0);
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toContain('cflux_snapshot_bytes{cluster="a\\"b\\\\c\\nd"} 1\n');
});

it('R24: a kept version is read once for all requests, and not when it is gone', async () => {
  const store = new MemoryStore();
  let reads = 0;
  const read = store.read.bind(store);
  // As other stores do, which hand out a new buffer at every read.
  store.read = async (cluster, version) => {
    reads += 1;
    const snapshot = await read(cluster, version);
    return snapshot && Buffer.from(snapshot);
  };
  const { url } = await serve({ store, keepVersions: 2 });
  const first = (await push(url, 'a', 0, 'one')).headers.get('version') ?? '';
  const second = (await push(url, 'a', first, 'two')).headers.get('version') ?? '';
  const kept = () => fetch(`${url}/clusters/a/history/${first}`);
  const answers = await Promise.all(Array.from({ length: 20 }, kept));
  expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(Array(20).fill('one'));
  expect(reads).toBe(1);
  await push(url, 'a', second, 'three');
  expect((await kept()).status).toBe(404);
});
