import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LmdbStore, type StoreContext } from 'clusterflux/manager';
import { ManualClock, storeContract } from 'clusterflux/testing';
import { open } from 'lmdb';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemRandom } from '../../src/random.js';
import { bundle } from '../support/bundle.js';
import { snapshotOn } from '../support/snapshot-on.js';

async function temporaryDirectory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-lmdb-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const contextOf = (clock = new ManualClock()): StoreContext => ({
  clock,
  random: systemRandom,
  nodeTtl: 15_000,
  keepVersions: 10,
  mutationMemory: 600_000,
  maxNodes: 100,
});

async function openStore(
  dir: string,
  context = contextOf(),
  options: { readonly shared?: boolean } = {},
): Promise<LmdbStore> {
  const store = new LmdbStore({ dir, ...options });
  await store.open(context);
  onTestFinished(() => store.close());
  return store;
}

describe('LmdbStore', () => {
  const place = async () => {
    const dir = await mkdtemp(join(tmpdir(), 'cflux-lmdb-'));
    return {
      connect: () => new LmdbStore({ dir, shared: true }),
      destroy: () => rm(dir, { recursive: true }),
    };
  };
  for (const { name, run } of storeContract({ place })) it(name, run);

  it('R24: the room for reports is free again after their nodes are removed, and survives a restart', async () => {
    const dir = await temporaryDirectory();
    let store = await openStore(dir);
    const node = { ip: '', hostname: 'h', bindAddress: '' };
    const ids = await Promise.all(Array.from({ length: 9 }, () => store.addNode('a', node)));
    const megabyte = 'é'.repeat(2 ** 19);
    for (const id of ids.slice(0, 8)) expect(await store.setReport('a', id, megabyte)).toBe(true);
    await store.close();
    store = await openStore(dir);
    const [first = 0] = ids;
    const last = ids[8] ?? 0;
    await expect(store.setReport('a', last, 'x')).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
    expect(await store.setReport('a', first, megabyte), 'in place of itself').toBe(true);
    expect(await store.removeNode('a', first)).toBe(true);
    expect(await store.setReport('a', last, megabyte)).toBe(true);
  });

  describe('a deleted cluster of many nodes', () => {
    const node = { ip: '', hostname: 'h', bindAddress: '' };
    const context = () => ({ ...contextOf(), maxNodes: 10_000 });
    const add = (store: LmdbStore, count: number) =>
      Promise.all(Array.from({ length: count }, () => store.addNode('nodes only', node)));

    it('R24: is gone at once, though its records are removed in several transactions; nodes that register meanwhile are nodes of the next', async () => {
      const store = await openStore(await temporaryDirectory(), context());
      const ids = await add(store, 5_000);
      const kept = await store.addNode('other', node);
      await store.setReport('nodes only', ids[0] ?? 0, 'x');
      const { epoch } = await store.head('nodes only');
      const deleted = once(store);
      const deleting = store.deleteCluster('nodes only');
      await deleted;
      expect((await store.head('nodes only')).epoch).not.toBe(epoch);
      expect(await store.nodes('nodes only')).toEqual([]);
      expect((await store.clusters()).map(({ cluster }) => cluster)).toEqual(['other']);
      const [gone = 0] = ids;
      expect(await store.heartbeat('nodes only', gone)).toBe(false);
      expect(await store.setReport('nodes only', gone, 'x')).toBe(false);
      expect(await store.updateNode('nodes only', gone, { ...node, hostname: 'other' })).toBe('unknown');
      expect(await store.removeNode('nodes only', gone)).toBe(false);
      const late = await add(store, 10);
      expect(await deleting).toBe(true);
      expect((await store.nodes('nodes only')).map(({ id, alive }) => [id, alive])).toEqual(
        late.map((id) => [id, true]),
      );
      for (const id of ids) expect(await store.heartbeat('nodes only', id)).toBe(false);
      for (const id of late) expect(await store.heartbeat('nodes only', id)).toBe(true);
      expect(await store.heartbeat('other', kept)).toBe(true);
      expect(await store.deleteCluster('nodes only')).toBe(true);
      expect(await store.deleteCluster('nodes only')).toBe(false);
    });

    it('R23: stays deleted when the process ends before its records are removed; the next one removes them', async () => {
      const dir = await temporaryDirectory();
      const first = await openStore(dir, context());
      const ids = await add(first, 5_000);
      const deleted = once(first);
      const deleting = first.deleteCluster('nodes only');
      await deleted;
      const late = await first.addNode('nodes only', node);
      await first.close();
      await deleting;
      expect(await recordsIn(dir)).toBeGreaterThan(1);
      const second = await openStore(dir, context());
      expect((await second.nodes('nodes only')).map(({ id }) => id)).toEqual([late]);
      for (const id of ids) expect(await second.heartbeat('nodes only', id)).toBe(false);
      await second.close();
      expect(await recordsIn(dir)).toBe(1);
    });

    const once = (store: LmdbStore) => new Promise<void>((resolve) => store.watch(() => resolve()));

    async function recordsIn(dir: string): Promise<number> {
      const root = open({ path: dir });
      const records = root.openDB({ name: 'nodes', encoding: 'binary', keyEncoding: 'binary' }).getCount();
      await root.close();
      return records;
    }
  });

  it('keeps a directory of its own closed to others: snapshots hold password hashes', async () => {
    const dir = join(await temporaryDirectory(), 'deep', 'er');
    await openStore(dir);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
  });

  it('refuses data of a newer release with a clear error, and does not change it', async () => {
    const dir = await temporaryDirectory();
    await (await openStore(dir)).close();
    const root = open({ path: dir });
    const table = root.openDB({ name: 'store', encoding: 'json' });
    await table.put('store', { format: 2, id: 'x', more: true });
    await root.close();
    const store = new LmdbStore({ dir });
    await expect(store.open(contextOf())).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringMatching(
        /newer release of clusterflux wrote it \(format 2, this one supports up to 1\)/,
      ),
    });
    const again = open({ path: dir });
    onTestFinished(() => again.close());
    expect(again.openDB({ name: 'store', encoding: 'json' }).get('store')).toEqual({
      format: 2,
      id: 'x',
      more: true,
    });
  });

  it('refuses a directory that it can not use, and names it', async () => {
    const dir = await temporaryDirectory();
    writeFileSync(join(dir, 'file'), '');
    await expect(new LmdbStore({ dir: join(dir, 'file') }).open(contextOf())).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining(join(dir, 'file')),
    });
  });

  it('reports how to install lmdb if it is missing', async () => {
    vi.resetModules();
    vi.doMock('lmdb', () => {
      throw Object.assign(new Error("Cannot find package 'lmdb'"), { code: 'ERR_MODULE_NOT_FOUND' });
    });
    onTestFinished(() => {
      vi.doUnmock('lmdb');
      vi.resetModules();
    });
    const { LmdbStore: Fresh } = await import('../../src/manager/stores/lmdb/lmdb-store.js');
    const dir = await temporaryDirectory();
    await expect(new Fresh({ dir }).open(contextOf())).rejects.toMatchObject({
      code: 'MISSING_DEPENDENCY',
      message: expect.stringContaining('npm install lmdb'),
    });
    expect(await readdir(dir)).toEqual([]);
  });

  it('forgets mutation ids after their time, so that the store does not grow for ever', async () => {
    const dir = await temporaryDirectory();
    const context = contextOf();
    const store = await openStore(dir, context);
    if (!(context.clock instanceof ManualClock)) return;
    let base = 0;
    for (let i = 0; i < 300; i++) {
      const result = await store.commit({
        cluster: 'a',
        base,
        snapshot: Buffer.from('x'),
        mutation: `m${i}`,
      });
      if (result.kind === 'committed') base = result.record.version;
      await context.clock.advance(10_000);
    }
    await store.close();
    const root = open({ path: dir });
    onTestFinished(() => root.close());
    const kept = root.openDB({ name: 'mutations', encoding: 'json', keyEncoding: 'binary' }).getCount();
    expect(kept).toBeLessThan(70);
    expect(kept).toBeGreaterThan(55);
  });

  it('orders the pushes of several processes, and notifies each of the changes of the others (R20, R22)', async () => {
    const program = await bundle(fileURLToPath(new URL('../support/pushing-child.ts', import.meta.url)));
    const dir = await temporaryDirectory();
    const context = contextOf();
    const store = await openStore(dir, context, { shared: true });
    if (!(context.clock instanceof ManualClock)) return;
    let notified = 0;
    store.watch(() => {
      notified += 1;
    });
    const acknowledged: number[][] = [[], []];
    const children = acknowledged.map((versions) => {
      const child = spawn(process.execPath, [program, dir, 'a'], { stdio: ['ignore', 'pipe', 'inherit'] });
      onTestFinished(() => {
        child.kill('SIGKILL');
      });
      const enough = new Promise<void>((resolve) => {
        child.stdout.on('data', (chunk: Buffer) => {
          for (const line of chunk.toString().split('\n')) {
            const version = Number(line.split(' ')[0]);
            if (version > 0) versions.push(version);
          }
          if (versions.length > 50) resolve();
        });
      });
      const closed = new Promise((resolve) => child.once('close', resolve));
      return { child, enough, closed };
    });
    await Promise.all(children.map(({ enough }) => enough));
    for (const { child } of children) child.kill('SIGKILL');
    await Promise.all(children.map(({ closed }) => closed));

    const all = acknowledged.flat();
    expect(new Set(all).size, 'no version is given twice').toBe(all.length);
    const history = await store.history('a');
    const newest = history[0]?.version ?? 0;
    expect(newest).toBeGreaterThanOrEqual(Math.max(...all));
    for (const [i, { version }] of history.slice(0, -1).entries()) {
      const snapshot = await store.read('a', version);
      expect(snapshotOn(history[i + 1]?.version ?? 0).equals(snapshot ?? Buffer.alloc(0))).toBe(true);
    }
    await context.clock.advance(200);
    expect(notified).toBeGreaterThan(0);
  });

  it('with a full disk refuses, certainly without storing, and resumes when there is room', async () => {
    // A limit on the size of files does to a process what a full disk does, and needs no disk.
    const program = await bundle(fileURLToPath(new URL('../support/filling-child.ts', import.meta.url)));
    const dir = await temporaryDirectory();
    const run = (limit: string) =>
      new Promise<string>((resolve) => {
        const command = `trap '' XFSZ; ulimit -f ${limit}; exec "$@"`;
        const args = ['-c', command, 'sh', process.execPath, program, dir];
        const child = spawn('sh', args, { stdio: ['ignore', 'pipe', 'ignore'] });
        let output = '';
        child.stdout.on('data', (chunk: Buffer) => {
          output += chunk.toString();
        });
        child.once('close', () => resolve(output));
      });
    // Blocks of 512 bytes, or of 1,024: some hundred kilobytes either way.
    const full = await run('800');
    expect(full).toMatch(/(OUT_OF_SPACE|STORAGE_FAILED) notApplied/);
    expect(full).not.toMatch(/undefined|unknown/);
    expect(full).toMatch(/kept [1-9]\d*\n$/);
    const kept = Number(/kept (\d+)/.exec(full)?.[1]);
    const roomy = await run('unlimited');
    expect(roomy).not.toContain('notApplied');
    expect(roomy.startsWith(`found ${kept}\n`), roomy).toBe(true);
  });
});
