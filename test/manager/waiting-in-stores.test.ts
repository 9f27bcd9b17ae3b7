import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpTransport } from 'clusterflux';
import {
  createManagerServer,
  EtcdStore,
  LmdbStore,
  Manager,
  type ManagerServer,
  type ManagerStore,
  MemoryStore,
} from 'clusterflux/manager';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { followed } from '../client/rules/support/lab.js';
import { type EtcdCluster, startEtcd } from '../support/etcd.js';
import { describeWithServer } from '../support/servers.js';

const node = { ip: '10.0.0.1,', hostname: 'h', bindAddress: 'h:8086' };
const ttl = 1_500;

/** A manager behind HTTP whose nodes are alive for a short time. */
async function serve(
  store: ManagerStore,
): Promise<{ manager: Manager; server: ManagerServer; transport: HttpTransport }> {
  const manager = new Manager({ store, nodeTtl: ttl });
  const server = await createManagerServer(manager, { port: 0 });
  const transport = new HttpTransport({ endpoint: server.url, retry: { attempts: 1 } });
  onTestFinished(async () => {
    await transport.close();
    await server.close();
    await manager.close();
  });
  return { manager, server, transport };
}

type Served = Awaited<ReturnType<typeof serve>>;

/** Commits a version, and keeps nodes alive with it at `places`, one at each; `last` reports it only when it is told to. */
async function populate(places: readonly Served[]) {
  const [first] = places;
  if (first === undefined) throw new Error('no manager');
  const push = { cluster: 'c', version: 0, snapshot: Buffer.from('x'), mutation: 'm' };
  const pushed = await first.transport.push(push);
  if (pushed.kind !== 'committed') throw new Error(pushed.kind);
  const { version, epoch } = pushed;
  const beats = await Promise.all(
    places.map(async ({ transport }, at) => {
      const instance = `i${at}`;
      const { id: nodeId } = await transport.register({ cluster: 'c', node, instance });
      let held = at === places.length - 1 ? 0 : version;
      const beat = () =>
        transport.heartbeat({ cluster: 'c', nodeId, progress: { instance, epoch, version: held } });
      await beat();
      const timer = setInterval(() => void beat().catch(() => undefined), ttl / 5);
      onTestFinished(() => clearInterval(timer));
      return {
        nodeId,
        stop: () => clearInterval(timer),
        catchUp: () => {
          held = version;
          return beat();
        },
      };
    }),
  );
  const last = beats.at(-1);
  if (last === undefined) throw new Error('no node');
  return { version, last, count: beats.length };
}

function waits(open: () => Promise<ManagerStore> | ManagerStore, more: () => ManagerStore | undefined) {
  it('R28: a wait over HTTP ends when the last node reports the version, whichever manager it reaches', async () => {
    const store = await open();
    const other = more();
    const managers = [await serve(store), ...(other === undefined ? [] : [await serve(other)])];
    const [first, second = first] = managers;
    if (first === undefined || second === undefined) throw new Error('no manager');
    const { version, last, count } = await populate([first, second]);
    const waiting = managers.map(({ transport }) =>
      followed(transport.waitForNodes({ cluster: 'c', version, wait: 20_000 })),
    );
    // All of them know the nodes now.
    await new Promise((resolve) => setTimeout(resolve, ttl + ttl / 10));
    for (const { state } of waiting) expect(state).toBe('pending');
    const now = await managers[0]?.transport.waitForNodes({ cluster: 'c', version, wait: 0 });
    expect(now).toMatchObject({ complete: false, counted: count });
    expect(now?.behind.map(({ id }) => id)).toEqual([last.nodeId]);
    await last.catchUp();
    for (const each of waiting) {
      await expect.poll(() => each.state, { timeout: 5_000 }).not.toBe('pending');
      expect(each).toMatchObject({ state: 'resolved', value: { complete: true, counted: count } });
    }
  });

  it('R28: a wait over HTTP ends when the missing node is dead', async () => {
    const place = await serve(await open());
    const { version, last } = await populate([place]);
    const waiting = followed(place.transport.waitForNodes({ cluster: 'c', version, wait: 20_000 }));
    await new Promise((resolve) => setTimeout(resolve, ttl));
    expect(waiting.state).toBe('pending');
    last.stop();
    await expect.poll(() => waiting.state, { timeout: 8_000 }).not.toBe('pending');
    expect(waiting).toMatchObject({ state: 'resolved', value: { complete: true, counted: 0 } });
  });
}

describe('waiting for nodes', () => {
  describe('memory', () => {
    let store = new MemoryStore();
    waits(
      () => {
        store = new MemoryStore();
        return store;
      },
      () => store.share(),
    );
  });

  describe('lmdb', () => {
    const directory = async () => {
      const dir = await mkdtemp(join(tmpdir(), 'waits-'));
      onTestFinished(() => rm(dir, { recursive: true, force: true }));
      return dir;
    };
    waits(
      async () => new LmdbStore({ dir: await directory() }),
      () => undefined,
    );

    it('R28: processes that share a directory do not share heartbeats, so none reports that all nodes have a version', async () => {
      const { transport } = await serve(new LmdbStore({ dir: await directory(), shared: true }));
      const { version, last } = await populate([await serve(new MemoryStore())]);
      expect(version).toBeGreaterThan(0);
      last.stop();
      const result = await transport.waitForNodes({ cluster: 'c', version: 1, wait: ttl + 500 });
      expect(result).toMatchObject({ complete: false, counted: 0, uncertainFor: ttl });
    });
  });

  describeWithServer('etcd', 'etcd', () => {
    let etcd: EtcdCluster;
    let prefix = 0;
    beforeAll(async () => {
      etcd = await startEtcd();
    });
    afterAll(() => etcd.close());
    const store = () => new EtcdStore({ endpoints: etcd.endpoints, prefix: `/waits-${prefix}/` });
    waits(() => {
      prefix += 1;
      return store();
    }, store);
  });

  it('R28: the list of an older manager, which ignores the query, is never a result', async () => {
    const { server: current } = await serve(new MemoryStore());
    const older = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('[]');
    });
    await new Promise<void>((resolve) => older.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void older.close());
    const { port } = older.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    const request = { cluster: 'c', version: 1, wait: 100 };
    const alone = new HttpTransport({ endpoint: url });
    await expect(alone.waitForNodes(request)).rejects.toMatchObject({ code: 'NO_SUCH_ROUTE' });
    // Another manager may be newer.
    const both = new HttpTransport({ endpoint: [url, current.url] });
    expect(await both.waitForNodes(request)).toMatchObject({ complete: false, counted: 0 });
    await Promise.all([alone.close(), both.close()]);
  });

  it('the query is checked; without it the response is the list', async () => {
    const { server, transport } = await serve(new MemoryStore());
    const { version } = await populate([
      { manager: new Manager({ store: new MemoryStore() }), server, transport },
    ]);
    const get = (query: string, headers = {}) => fetch(`${server.url}/nodes/c${query}`, { headers });
    for (const query of ['', '?', '?pretty=true', '?versions=1'])
      expect(await (await get(query)).json()).toHaveLength(1);
    for (const query of [
      '?wait=1',
      '?seen=1',
      '?version=',
      '?version=0',
      '?version=x',
      '?version=-1',
      '?version=1.5',
      '?version=9007199254740992',
      `?version=${version}&wait=-1`,
      `?version=${version}&wait=`,
      `?version=${version}&wait=1e3`,
      `?version=${version}&seen=soon`,
    ]) {
      const response = await get(query);
      expect(response.status, query).toBe(400);
      expect(await response.text()).toContain('invalid query');
    }
    const response = await get(`?version=${version}&wait=0.05&seen=10`);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toMatchObject({
      version,
      complete: false,
      counted: 1,
      behind: [{ hostname: 'h', bindAddress: 'h:8086', 'bind-address': 'h:8086' }],
      withFindings: [],
      unknown: [],
    });
    const mismatch = await get(`?version=${version}`, { 'cflux-epoch': 'another' });
    expect(mismatch.status).toBe(412);
  });
});
