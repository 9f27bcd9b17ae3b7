import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { LmdbStore, Manager } from 'clusterflux/manager';
import { open } from 'lmdb';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { contentOf } from '../cases/programs/manager-content.js';
import { bundle } from '../support/bundle.js';
import { describeWithFacility } from '../support/servers.js';
import { temporaryDisk } from '../support/temporary-disk.js';

let opener = '';
beforeAll(async () => {
  opener = await bundle(fileURLToPath(new URL('../cases/programs/damaged-stores.ts', import.meta.url)));
});

/** Root may do everything, so the stores are opened by another user then. */
const user = process.getuid?.() === 0 ? 65_534 : undefined;
const advice = 'give the user of this process';

/** How a process opens each store, as `user` if that is another one: what it holds, or how it was refused. */
async function opened(dirs: readonly string[], user?: number): Promise<readonly string[]> {
  const env = user === undefined ? process.env : { ...process.env, CFLUX_TEST_USER: String(user) };
  const child = spawn(process.execPath, [opener, ...dirs], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [output, [code, signal]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect({ code, signal }).toEqual({ code: 0, signal: null });
  return output.trim().split('\n');
}

function temporaryDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'cflux-files-'));
  chmodSync(dir, 0o755);
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Opens a manager on `dir`, stores versions of many sizes and a node, and returns what it holds. */
async function fill(dir: string): Promise<string> {
  const manager = new Manager({ store: new LmdbStore({ dir }) });
  await manager.open();
  for (const cluster of ['c0', 'c1']) {
    let version = 0;
    for (let i = 0; i < 13; i++) {
      const snapshot = Buffer.alloc(40 + ((i * 7_919) % 60_000), i);
      const pushed = await manager.push({ cluster, version, snapshot, mutation: `${cluster}-${i}` });
      if (pushed.kind === 'committed') version = pushed.version;
    }
    await manager.register(cluster, { ip: '10.0.0.1', hostname: 'h' });
  }
  const content = await contentOf(manager);
  await manager.close();
  return content;
}

/** A filled store, whose files belong to the other user. */
async function filledStore(): Promise<string> {
  const dir = join(temporaryDirectory(), 'store');
  await fill(dir);
  if (user !== undefined) {
    for (const path of [dir, join(dir, 'data.mdb'), join(dir, 'lock.mdb')]) chownSync(path, user, user);
  }
  return dir;
}

describe('files that the user of a manager may not use', () => {
  it.each([
    ['a data file that it may not read', 'data.mdb', 0o000, 'open'],
    ['a data file that it may not write', 'data.mdb', 0o400, 'open'],
    ['a lock file that it may not read', 'lock.mdb', 0o200, 'open'],
    ['a lock file that it may not write', 'lock.mdb', 0o400, 'open'],
    ['a directory that it may not write', '', 0o500, 'lock'],
    ['a directory that it may not search', '', 0o600, 'lock'],
    ['a directory that it may not use at all', '', 0o000, 'lock'],
  ])('%s is named, with what to do', async (_, name, mode, what) => {
    const dir = await filledStore();
    const path = join(dir, name);
    chmodSync(path, mode);
    const [line] = await opened([dir], user);
    expect(line).toMatch(`STORAGE_FAILED: cannot ${what} ${name === '' ? dir : path}: `);
    expect(line).toMatch(advice);
    chmodSync(path, 0o700);
    const [mended] = await opened([dir], user);
    expect(mended).toMatch(/^\[\{"cluster":"c0"/);
  });

  it('a directory that it may not create is named, with what to do', async () => {
    const parent = temporaryDirectory();
    chmodSync(parent, 0o555);
    const [line] = await opened([join(parent, 'store')], user);
    expect(line).toMatch(`STORAGE_FAILED: cannot lock ${join(parent, 'store')}: `);
    expect(line).toMatch(advice);
    chmodSync(parent, 0o755);
  });
});

describeWithFacility('tmpfs', 'a read-only file system', () => {
  it('is reported, with advice, for existing and new stores', async () => {
    const disk = temporaryDisk(8);
    const content = await fill(join(disk, 'store'));
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    const dirs = ['store', 'new', 'new/deep'].map((name) => join(disk, name));
    const lines = await opened(dirs);
    for (const [i, line] of lines.entries()) {
      expect(line).toMatch(
        new RegExp(`^STORAGE_FAILED: cannot lock ${dirs[i]}: .*EROFS: .*; mount the file system for writing`),
      );
    }
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    expect(await opened([join(disk, 'store')])).toEqual([content]);
  });
});

describe('R20: data files with pages of other sizes, as other machines make them', () => {
  it.each([8_192, 16_384, 65_536])(
    '%i bytes: the content is the same, and damage is named',
    async (pageSize) => {
      const parent = temporaryDirectory();
      const dir = join(parent, 'store');
      mkdirSync(dir);
      await open({ path: dir, noSubdir: false, encoding: 'json', maxDbs: 8, pageSize }).close();
      const content = await fill(dir);
      const good = readFileSync(join(dir, 'data.mdb'));
      // Where a meta page gives the size of pages.
      expect(good.readUInt32LE(48)).toBe(pageSize);
      const dirs: string[] = [];
      const copy = (change: (bytes: Buffer) => Buffer) => {
        const place = join(parent, `${dirs.length}`);
        mkdirSync(place);
        writeFileSync(join(place, 'data.mdb'), change(Buffer.from(good)));
        dirs.push(place);
      };
      copy((bytes) => bytes);
      for (let page = 0; page * pageSize < good.length; page++) {
        copy((bytes) => bytes.fill(0, page * pageSize, (page + 1) * pageSize));
        copy((bytes) => bytes.subarray(0, page * pageSize + 100));
      }
      // A size that is not that of the file's pages.
      for (const size of [512, 4_096, 32_768, 0, 3, 1 << 20]) {
        copy((bytes) => {
          bytes.writeUInt32LE(size, 48);
          bytes.writeUInt32LE(size, pageSize + 48);
          return bytes;
        });
      }
      const [whole, ...damaged] = await opened(dirs);
      expect(whole).toBe(content);
      for (const line of damaged) {
        if (line !== content) expect(line).toMatch(/^STORAGE_FAILED: .*data\.mdb: /);
      }
      expect(damaged.filter((line) => line !== content).length).toBeGreaterThan(5);
    },
  );
});
