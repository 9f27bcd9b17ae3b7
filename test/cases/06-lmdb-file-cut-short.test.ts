import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { LmdbStore, Manager } from 'clusterflux/manager';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { seededRandom } from '../../src/testing/seeded-random.js';
import { bundle } from '../support/bundle.js';
import { contentOf } from './programs/manager-content.js';

let opener = '';
let cflux = '';
beforeAll(async () => {
  opener = await bundle(fileURLToPath(new URL('programs/damaged-stores.ts', import.meta.url)));
  cflux = await bundle(fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)));
});

/** A store with clusters, versions small and large, and free pages; and what it holds. */
async function filledStore(): Promise<{ dir: string; file: string; content: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-damaged-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const manager = new Manager({ store: new LmdbStore({ dir: join(dir, 'store') }) });
  await manager.open();
  for (let c = 0; c < 4; c++) {
    let version = 0;
    for (let i = 0; i < 13; i++) {
      const snapshot = Buffer.alloc(40 + ((i * 7_919 + c * 1_013) % 9_000), `${c}/${i}/`);
      const mutation = `m-${c}-${i}`;
      const pushed = await manager.push({ cluster: `c${c}`, version, snapshot, mutation });
      if (pushed.kind === 'committed') version = pushed.version;
    }
  }
  const content = await contentOf(manager);
  await manager.close();
  return { dir, file: join(dir, 'store', 'data.mdb'), content };
}

type Damage = (bytes: Buffer, random: () => number) => Buffer;
const pageSize = 4096;
const somePage = (bytes: Buffer, random: () => number) => {
  const page = Math.floor((random() * bytes.length) / pageSize) * pageSize;
  return bytes.subarray(page, page + pageSize);
};
const damages: readonly Damage[] = [
  (bytes, random) => {
    const at = Math.floor(random() * bytes.length);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << Math.floor(random() * 8)), at);
    return bytes;
  },
  (bytes, random) => {
    // Headers and offsets are where a page goes wrong most.
    somePage(bytes, random).writeUInt8(Math.floor(random() * 256), Math.floor(random() * 64));
    return bytes;
  },
  (bytes, random) => {
    somePage(bytes, random).fill(0);
    return bytes;
  },
  (bytes, random) => {
    const page = somePage(bytes, random);
    for (let i = 0; i < page.length; i++) page[i] = random() * 256;
    return bytes;
  },
  (bytes, random) => {
    somePage(bytes, random).copy(somePage(bytes, random));
    return bytes;
  },
  (bytes, random) => bytes.subarray(0, Math.floor(random() * bytes.length)),
];

describe('R20: a damaged data file of a manager', () => {
  it.each([
    ['cut to 16 KiB', (file: string) => truncate(file, 16_384)],
    ['cut to one page', (file: string) => truncate(file, 4_096)],
    ['of one byte', (file: string) => truncate(file, 1)],
    ['empty', (file: string) => truncate(file, 0)],
    ['overwritten', (file: string) => writeFile(file, 'x'.repeat(50_000))],
    [
      'a directory',
      async (file: string) => {
        await rm(file);
        await mkdir(file);
      },
    ],
  ])('that is %s is refused with its name and when it may be deleted', async (_, damage) => {
    const { dir, file } = await filledStore();
    await damage(file);
    const args = [cflux, 'manager', '--listen', '127.0.0.1:0', '--data', join(dir, 'store')];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    const errors = text(child.stderr);
    const [code, signal] = await once(child, 'exit');
    expect(signal).toBeNull();
    expect(code).toBeGreaterThan(0);
    expect(await errors).toMatch(`cannot open ${file}: `);
    expect(await errors).toMatch(
      /restore it from a backup, or delete it if the nodes of its clusters still have/,
    );
  });

  it('whatever its damage opens with the right content or is named, and never ends the process', async () => {
    const { dir, file, content } = await filledStore();
    const random = seededRandom(20_261_129);
    const good = readFileSync(file);
    const dirs: string[] = [];
    for (let i = 0; i < 240; i++) {
      const damaged = damages[i % damages.length]?.(Buffer.from(good), random) ?? good;
      const copy = join(dir, `${i}`);
      dirs.push(copy);
      await mkdir(copy);
      await writeFile(join(copy, 'data.mdb'), damaged);
    }
    const child = spawn(process.execPath, [opener, ...dirs], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [output, [code, signal]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    const lines = output.trim().split('\n');
    expect({ code, signal, lines: lines.length }).toEqual({ code: 0, signal: null, lines: dirs.length });
    for (const [i, line] of lines.entries()) {
      if (line !== content) expect(line, `${dirs[i]}`).toMatch(/^STORAGE_FAILED: .*data\.mdb: /);
    }
    expect(lines.filter((line) => line === content).length).toBeGreaterThan(5);
  });

  it('is not mistaken: a damaged lock file, a copy without one and a first start that was killed do no harm', async () => {
    const { dir, file, content } = await filledStore();
    const copy = join(dir, 'copy');
    await mkdir(join(copy, 'data.mdb.new-killed'), { recursive: true });
    await copyFile(file, join(copy, 'data.mdb'));
    await writeFile(join(dir, 'store', 'lock.mdb'), 'x'.repeat(9_000));
    for (const each of [join(dir, 'store'), copy]) {
      const manager = new Manager({ store: new LmdbStore({ dir: each }) });
      await manager.open();
      expect(await contentOf(manager)).toBe(content);
      await manager.close();
    }
    expect((await stat(join(copy, 'data.mdb'))).mode & 0o777).toBe(0o600);
  });
});
