import { inspect } from 'node:util';
import { CfluxError, isCfluxError } from 'clusterflux';
import { EtcdStore, Manager, type StoreContext } from 'clusterflux/manager';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.js';
import { etcdError } from '../../src/manager/stores/etcd/api/etcd-errors.js';
import type { EtcdOptions } from '../../src/manager/stores/etcd/connect/etcd-options.js';
import { warnWithoutCompaction } from '../../src/manager/stores/etcd/upkeep/compaction-warning.js';
import { systemRandom } from '../../src/random.js';
import { type EtcdCluster, type EtcdSettings, etcdTls, startEtcd } from '../support/etcd.js';
import { ResponsiveTime } from '../support/responsive-time.js';
import { describeWithServer } from '../support/servers.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const context: StoreContext = {
  clock: systemClock,
  random: systemRandom,
  nodeTtl: 15_000,
  keepVersions: 10,
  mutationMemory: 600_000,
  maxNodes: 100,
};

async function openStore(options: EtcdOptions, more: Partial<StoreContext> = {}): Promise<EtcdStore> {
  const store = new EtcdStore(options);
  onTestFinished(() => store.close());
  await store.open({ ...context, ...more });
  return store;
}

async function etcdForTest(settings: EtcdSettings): Promise<EtcdCluster> {
  const etcd = await startEtcd(1, settings);
  onTestFinished(() => etcd.close());
  return etcd;
}

let mutations = 0;
const commitOf = (base: number, size: number, cluster = 'c') => ({
  cluster,
  base,
  snapshot: new Uint8Array(size).fill(7),
  mutation: `m-${mutations++}`,
});

async function commitNext(store: EtcdStore, size: number, cluster = 'c'): Promise<number> {
  const { latest } = await store.head(cluster);
  const result = await store.commit(commitOf(latest?.version ?? 0, size, cluster));
  if (result.kind !== 'committed') throw new Error(result.kind);
  return result.record.version;
}

/** What a failing promise rejects with. */
const failure = async (promise: Promise<unknown>): Promise<unknown> => {
  const result = await promise.then(
    () => 'fulfilled',
    (error: unknown) => error,
  );
  expect(result).toBeInstanceOf(CfluxError);
  return result;
};

const base64 = (text: string) => Buffer.from(text).toString('base64');

describeWithServer('etcd', 'EtcdStore at the limits of etcd', () => {
  it('#19 the store fails, R3: a full etcd is reported as full, nothing was stored, and pushes succeed once there is room', async () => {
    const etcd = await etcdForTest({ args: ['--quota-backend-bytes', String(16 * 2 ** 20)] });
    const manager = new Manager({ store: new EtcdStore({ endpoints: etcd.endpoints }) });
    onTestFinished(() => manager.close());
    let version = 0;
    const push = (size: number) =>
      manager.push({ version, ...commitOf(0, size) }).then((result) => {
        if (result.kind === 'committed') version = result.version;
        return result;
      });
    await push(1_000);
    const held = manager.poll({ cluster: 'c', version, wait: 60_000 });
    held.catch(() => {});
    await manager.check();
    let full: unknown;
    for (let pushes = 0; full === undefined && pushes < 30; pushes++) {
      full = await push(2 * 2 ** 20).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (pushes === 0) expect(await held).toMatchObject({ kind: 'snapshot', version });
    }
    expect(full).toMatchObject({ code: 'OUT_OF_SPACE', outcome: 'notApplied' });
    expect(await failure(manager.check())).toMatchObject({ code: 'OUT_OF_SPACE' });
    const waiting = manager.poll({ cluster: 'c', version, wait: 60_000 });
    const another = new Manager({ store: new EtcdStore({ endpoints: etcd.endpoints }) });
    onTestFinished(() => another.close());
    for (const each of [manager, another]) {
      expect((await each.version('c', version)).byteLength).toBe(2 * 2 ** 20);
    }

    // What an operator does with etcdctl. The quota is large enough for what is kept, not for what was.
    await etcd.gateway('kv/deleterange', {
      key: base64('/clusterflux/data/'),
      range_end: base64('/clusterflux/data0'),
    });
    const { header } = await etcd.gateway('kv/range', { key: 'AA==' });
    await etcd.gateway('kv/compaction', { revision: Object(header).revision, physical: true });
    await etcd.gateway('maintenance/defragment');
    const { alarms } = await etcd.gateway('maintenance/alarm', { action: 'GET' });
    for (const alarm of Object(alarms)) {
      await etcd.gateway('maintenance/alarm', { action: 'DEACTIVATE', ...alarm });
    }
    await manager.check();
    const again = await push(1_000);
    expect(again).toMatchObject({ kind: 'committed' });
    expect(await waiting).toMatchObject({ kind: 'snapshot', version });
  });

  it('#19 the store fails, R3: a change that etcd carries out while it becomes full is not reported as failed', async () => {
    const etcd = await etcdForTest({ args: ['--quota-backend-bytes', String(16 * 2 ** 20)] });
    const store = await openStore({ endpoints: etcd.endpoints });
    const certain: { readonly cluster: string }[] = [];
    // Many at once: some pass the look at the quota before the others are carried out, and are carried out with an error.
    for (let round = 0; certain.length === 0 && round < 20; round++) {
      const commits = Array.from({ length: 40 }, (_, number) => commitOf(0, 100_000, `c${round}-${number}`));
      const notified = await Promise.allSettled(commits.map((commit) => store.commit(commit)));
      for (const [number, result] of notified.entries()) {
        if (result.status === 'fulfilled' || !isCfluxError(result.reason)) continue;
        const commit = commits[number];
        if (commit && result.reason.outcome === 'notApplied') certain.push(commit);
      }
    }
    expect(certain.length).toBeGreaterThan(0);
    for (const { cluster } of certain) expect((await store.head(cluster)).latest, cluster).toBeUndefined();
  });

  it('#19 the store fails, R3: a request that etcd does not take stores nothing', async () => {
    const etcd = await etcdForTest({ args: ['--max-request-bytes', '100000'] });
    const store = await openStore({ endpoints: etcd.endpoints });
    const version = await commitNext(store, 1_000);
    for (const size of [200_000, 2_000_000]) {
      const error = await failure(store.commit(commitOf(version, size)));
      expect(error).toMatchObject({ code: 'TOO_LARGE', outcome: 'notApplied', retryable: false });
    }
    expect((await store.head('c')).latest?.version).toBe(version);
    await commitNext(store, 1_000);
  });

  describe('with users', () => {
    let etcd: EtcdCluster;

    beforeAll(async () => {
      etcd = await startEtcd(1, { args: ['--auth-token-ttl', '1'] });
      await etcd.gateway('auth/user/add', { name: 'root', password: 'root-password' });
      await etcd.gateway('auth/user/grant', { user: 'root', role: 'root' });
      await etcd.gateway('auth/role/add', { name: 'cflux' });
      const perm = {
        permType: 'READWRITE',
        key: base64('/clusterflux/'),
        range_end: base64('/clusterflux0'),
      };
      await etcd.gateway('auth/role/grant', { name: 'cflux', perm });
      await etcd.gateway('auth/user/add', { name: 'manager', password: 'manager-password' });
      await etcd.gateway('auth/user/grant', { user: 'manager', role: 'cflux' });
      await etcd.gateway('auth/enable');
    });
    afterAll(() => etcd.close());

    it('a manager needs rights on its prefix alone, and renews the token that it gets', async () => {
      const { endpoints } = etcd;
      const store = await openStore({ endpoints, user: 'manager', password: 'manager-password' });
      const notified: (string | undefined)[] = [];
      store.watch((cluster) => notified.push(cluster));
      await commitNext(store, 1_000);
      const id = await store.addNode('c', { ip: '', hostname: 'h', bindAddress: '' });
      // Tokens that are not used live for a second.
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      await commitNext(store, 600_000);
      expect(await store.heartbeat('c', id)).toBe(true);
      await store.check();
      await expect.poll(() => notified.length).toBeGreaterThanOrEqual(2);
    });

    it.each([
      ['no user', {}],
      ['a wrong password', { user: 'manager', password: 'wrong-password' }],
      ['an unknown user', { user: 'nobody', password: 'wrong-password' }],
    ])('with %s it is told what is wrong, and not the password', async (_, user) => {
      const error = await failure(openStore({ endpoints: etcd.endpoints, ...user }));
      expect(error).toMatchObject({ code: 'UNAVAILABLE' });
      expect(String(error)).toContain('etcd refused access');
      expect(inspect(error, { depth: 10 })).not.toContain('wrong-password');
    });

    it('without permissions for the prefix the error names the reason', async () => {
      const options = { endpoints: etcd.endpoints, user: 'manager', password: 'manager-password' };
      const error = await failure(openStore({ ...options, prefix: '/elsewhere/' }));
      expect(String(error)).toContain('permission denied');
    });
  });

  it('uses TLS with a client certificate', async () => {
    const etcd = await etcdForTest({ tls: true });
    const store = await openStore({ endpoints: etcd.endpoints, tls: etcdTls });
    await commitNext(store, 1_000);
    const { ca } = etcdTls;
    expect(await failure(openStore({ endpoints: etcd.endpoints, tls: { ca } }))).toMatchObject({
      code: 'UNAVAILABLE',
    });
    expect(await failure(openStore({ endpoints: etcd.endpoints }))).toMatchObject({ code: 'UNAVAILABLE' });
  });

  describe('on one member', () => {
    let etcd: EtcdCluster;
    let prefixes = 0;
    const fresh = () => ({ endpoints: etcd.endpoints, prefix: `/limits-${prefixes++}/` });

    beforeAll(async () => {
      etcd = await startEtcd();
    });
    afterAll(() => etcd.close());

    const count = async (prefix: string) => {
      const range = { key: base64(prefix), range_end: base64(`${prefix}\xff`), count_only: true };
      return Number((await etcd.gateway('kv/range', range))['count'] ?? 0);
    };

    it('keeps snapshots of 20 MB, and drops them beyond the history', async () => {
      const options = fresh();
      const store = await openStore(options, { keepVersions: 2 });
      const size = 20_000_000;
      const versions = [];
      for (let push = 0; push < 3; push++) versions.push(await commitNext(store, size));
      const other = await openStore(options, { keepVersions: 2 });
      expect((await other.read('c', versions[2] ?? 0))?.byteLength).toBe(size);
      expect(await other.read('c', versions[0] ?? 0)).toBeUndefined();
      expect(await count(`${options.prefix}data/`)).toBe(2 * Math.ceil(size / (256 * 1024)));
    });

    it('R22: reports every change, however often its connection breaks', async () => {
      const options = fresh();
      const proxy = await TcpProxy.start(etcd.endpoints[0] ?? '');
      onTestFinished(() => proxy.close());
      const behind = await openStore({ ...options, endpoints: proxy.url });
      const direct = await openStore(options);
      const notified = new Set<string | undefined>();
      behind.watch((cluster) => notified.add(cluster));
      const cutting = setInterval(() => proxy.cut(), 100);
      onTestFinished(() => clearInterval(cutting));
      const clusters = Array.from({ length: 300 }, (_, number) => `cluster-${number}`);
      for (const cluster of clusters) await commitNext(direct, 100, cluster);
      clearInterval(cutting);
      await expect.poll(() => clusters.filter((cluster) => !notified.has(cluster))).toEqual([]);
    });

    it('a manager that died in the queue holds the others up for a moment only', async () => {
      const options = fresh();
      const store = await openStore(options);
      const version = await commitNext(store, 100);
      const key = base64(`${options.prefix}head-turn/c/of-a-dead-manager`);
      await etcd.gateway('kv/put', { key, value: '' });
      const time = new ResponsiveTime();
      expect(await store.commit(commitOf(version, 100))).toMatchObject({ kind: 'committed' });
      expect(time.ms).toBeLessThan(5_000);
      time.stop();
      await expect.poll(() => count(`${options.prefix}head-turn/`)).toBe(0);
    });

    it('removes uploads without a reference, and unneeded history', async () => {
      const options = fresh();
      // What takes minutes is over after a tenth of a second for each; calls to etcd have their real time.
      let ahead = 0;
      const clock: Clock = {
        now: Date.now,
        monotonic: () => performance.now() + ahead,
        after(ms, callback) {
          if (ms < 60_000) return systemClock.after(ms, callback);
          return systemClock.after(ms / 600, () => {
            ahead += ms;
            callback();
          });
        },
      };
      const store = await openStore(options, { clock });
      const version = await commitNext(store, 600_000);
      const orphan = `${options.prefix}data/c/of-a-dead-manager/0000`;
      await etcd.gateway('kv/put', { key: base64(orphan), value: '' });
      const { header } = await etcd.gateway('kv/range', { key: 'AA==' });
      const atRevision = () => etcd.gateway('kv/range', { key: 'AA==', revision: Object(header).revision });
      await atRevision();
      await commitNext(store, 100, 'another');
      await expect.poll(() => count(orphan), { timeout: 10_000 }).toBe(0);
      await expect(atRevision()).rejects.toThrow('compacted');
      expect((await store.read('c', version))?.byteLength).toBe(600_000);
    });

    it('what others write below the prefix breaks nothing but what they overwrite', async () => {
      const options = fresh();
      const store = await openStore(options);
      const notified: (string | undefined)[] = [];
      store.watch((cluster) => notified.push(cluster));
      await commitNext(store, 100, 'broken');
      for (const name of ['broken', '%zz', 'a/b/c']) {
        await etcd.gateway('kv/put', {
          key: base64(`${options.prefix}head/${name}`),
          value: base64('garbage'),
        });
      }
      await commitNext(store, 100, 'whole');
      await expect.poll(() => notified).toContain('whole');
      expect(await failure(store.head('broken'))).toMatchObject({ code: 'STORAGE_FAILED' });
    });

    it('warns if etcd never compacts', async () => {
      const warnings: string[] = [];
      const warn = (message: string) => warnings.push(message);
      const answering = (revision: number, call: () => Promise<unknown>) =>
        warnWithoutCompaction({ call }, { key: 'any', revision, warn });
      const compacted = etcdError({
        code: 11,
        details: 'etcdserver: mvcc: required revision has been compacted',
      });
      await answering(100, () => Promise.resolve());
      await answering(20_000, () => Promise.reject(compacted));
      expect(warnings).toEqual([]);
      await answering(20_000, () => Promise.resolve());
      expect(warnings).toEqual([expect.stringContaining('--auto-compaction-retention')]);
    });

    it('refuses what a later version has written', async () => {
      const options = fresh();
      const value = base64(JSON.stringify({ format: 2, id: 'x' }));
      await etcd.gateway('kv/put', { key: base64(`${options.prefix}store`), value });
      expect(await failure(openStore(options))).toMatchObject({ code: 'STORAGE_FAILED' });
    });
  });
});

describe('EtcdStore', () => {
  it.each(['', 'localhost', 'ftp://h:1', 'http://h:1/path', 'http://user:secret@h:1'])(
    'refuses the endpoint %j',
    async (endpoints) => {
      const error = await failure(openStore({ endpoints }));
      expect(error).toMatchObject({ code: 'INVALID_OPTION' });
      expect(String(error)).not.toContain('secret');
    },
  );

  it('reports its location, and that it is not open', async () => {
    const store = new EtcdStore({ endpoints: ['http://a:1', 'http://b:1'] });
    expect(store.name).toBe('etcd at http://a:1,http://b:1');
    expect(await failure(store.head('c'))).toMatchObject({ code: 'NOT_OPEN', outcome: 'notApplied' });
    await store.close();
  });
});
