import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtcdStore, LmdbStore, type ManagerStore, MemoryStore } from 'clusterflux/manager';
import { ManualClock } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { allRoutes, sendRoute } from '../support/all-routes.js';
import { type EtcdCluster, startEtcd } from '../support/etcd.js';
import { hangingStore } from '../support/hanging-store.js';
import { serve } from '../support/serve.js';
import { describeWithServer } from '../support/servers.js';

async function seed(url: string): Promise<{ readonly version: number; readonly nodeId: number }> {
  const pushed = await fetch(`${url}/clusters/c/versions/0`, { method: 'POST', body: 'one' });
  const registered = await fetch(`${url}/nodes/c`, { method: 'POST', body: '{"hostname":"h"}' });
  const { id } = JSON.parse(await registered.text());
  return { version: Number(pushed.headers.get('version')), nodeId: id };
}

const lmdb = () => {
  const dir = mkdtempSync(join(tmpdir(), 'cflux-store-gone-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return new LmdbStore({ dir });
};

const stores: readonly (readonly [string, () => ManagerStore])[] = [
  ['memory', () => new MemoryStore()],
  ['lmdb', lmdb],
];

describe.each(stores)('a manager whose store (%s) hangs', (_, inner) => {
  async function hung() {
    const clock = new ManualClock();
    const hanging = hangingStore(inner());
    const { url, manager } = await serve({ store: hanging.store, clock });
    const { version, nodeId } = await seed(url);
    hanging.hang();
    return { clock, hanging, url, manager, routes: allRoutes(version, nodeId) };
  }

  it.each(allRoutes(0, 0).map(({ name }) => name))(
    'R3: responds within half of the attempt of a client, and truthfully: %s',
    async (name) => {
      const { clock, hanging, url, routes } = await hung();
      const request = routes.find((each) => each.name === name);
      if (request === undefined) throw new Error(name);
      const reached = hanging.nextCall();
      const response = sendRoute(url, request);
      await reached;
      await clock.advance(request.attemptLimit / 2);
      const { status, headers } = await response;
      expect([status, headers.get('cflux-outcome')]).toEqual([503, request.certain ? 'refused' : null]);
    },
  );

  it('R3: pushes that wait behind the one that the store holds are refused, each in its own time', async () => {
    const { clock, hanging, manager } = await hung();
    const limit = allRoutes(0, 0).find(({ name }) => name === 'push')?.attemptLimit ?? 0;
    const push = (mutation: string) =>
      manager
        .push({ cluster: 'c', version: 1, snapshot: Buffer.from(mutation), mutation })
        .catch((error: unknown) => error);
    const reached = hanging.nextCall();
    const first = push('first');
    await reached;
    const second = push('second');
    await clock.advance(limit / 4);
    const third = push('third');
    await clock.advance(limit / 4);
    const unavailable = { code: 'UNAVAILABLE', retryable: true };
    expect(await first).toMatchObject({ ...unavailable, outcome: 'unknown' });
    expect(await second).toMatchObject({ ...unavailable, outcome: 'notApplied' });
    await clock.advance(limit / 4);
    expect(await third).toMatchObject({ ...unavailable, outcome: 'notApplied' });
  });

  it('serves its own metrics and reports that it runs', async () => {
    const { clock, hanging, url } = await hung();
    const reached = hanging.nextCall();
    const metrics = fetch(`${url}/metrics`);
    await reached;
    await clock.advance(10_000);
    expect(await (await metrics).text()).toContain('cflux_requests_total');
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it('an error carries the known epoch, and does not query the store', async () => {
    const { url } = await hung();
    const headers = { 'content-digest': 'sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:' };
    const known = await fetch(`${url}/clusters/c/versions/1`, { method: 'POST', body: 'two', headers });
    expect([known.status, known.headers.get('cflux-epoch')]).toEqual([400, expect.stringMatching(/^.{22}$/)]);
    const unknown = await fetch(`${url}/clusters/d/versions/1`, { method: 'POST', body: 'two', headers });
    expect([unknown.status, unknown.headers.get('cflux-epoch')]).toEqual([400, null]);
  });
});

it('gives up the id of a registration that came too late', async () => {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const { addNode } = store;
  let release = () => {};
  const { url, manager } = await serve({ store, clock });
  const called = new Promise<void>((resolve) => {
    store.addNode = async (cluster, node) => {
      resolve();
      await new Promise<void>((go) => {
        release = go;
      });
      return addNode.call(store, cluster, node);
    };
  });
  const late = fetch(`${url}/nodes/c`, { method: 'POST', body: '{"hostname":"h"}' });
  await called;
  await clock.advance(1_500);
  expect((await late).status).toBe(503);
  release();
  await clock.settle();
  expect(await manager.nodes('c')).toEqual([]);
});

type Fault = (etcd: EtcdCluster) => Promise<void>;

const faults: readonly (readonly [string, 1 | 3, Fault])[] = [
  ['hangs', 1, async ({ members }) => members[0]?.pause()],
  ['was killed', 1, async ({ members }) => members[0]?.kill()],
  [
    'lost two of three members',
    3,
    async ({ members }) => {
      await Promise.all([members[0]?.kill(), members[1]?.kill()]);
    },
  ],
];

describeWithServer('etcd', 'a manager whose etcd is gone', () => {
  it.each(faults)(
    'R3: responds to every route before a client gives its attempt up: etcd %s',
    async (_, size, fault) => {
      const etcd = await startEtcd(size);
      onTestFinished(() => etcd.close());
      const { url } = await serve({ store: new EtcdStore({ endpoints: etcd.endpoints }) });
      const { version, nodeId } = await seed(url);
      await fault(etcd);
      const answers = allRoutes(version, nodeId).map(async (request) => {
        const { status } = await sendRoute(url, request, AbortSignal.timeout(request.attemptLimit));
        return [request.name, status];
      });
      const expected = allRoutes(version, nodeId).map(({ name }) => [name, 503]);
      expect(await Promise.all(answers)).toEqual(expected);
    },
  );
});
