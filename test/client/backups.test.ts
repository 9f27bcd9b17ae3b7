import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeMetadata, encodeMetadata } from 'clusterflux';
import { ManualClock, MemoryStorage } from 'clusterflux/testing';
import { describe, expect, it } from 'vitest';
import { Backups } from '../../src/client/local/backups.js';
import { NodeDirectory, type NodeStorage } from '../../src/client/local/node-directory.js';
import { temporaryDirectory } from '../meta/support/temporary-directory.js';
import { dataWith } from './rules/support/wrapped-clients.js';

const places: [string, () => Promise<NodeStorage & { list(folder: string): Promise<readonly string[]> }>][] =
  [
    ['a directory', async () => new NodeDirectory(await temporaryDirectory(), { lock: false })],
    ['memory', async () => new MemoryStorage()],
  ];

describe.each(places)('R12: backups in %s', (_, makeStorage) => {
  async function setUp(most: number) {
    const storage = await makeStorage();
    const clock = new ManualClock();
    const backups = new Backups(storage, { clock, most });
    const keep = async (name: string, reason = 'joined', of = backups) => {
      await clock.advance(1_000);
      const data = await dataWith(1n, name);
      return of.keep(data, encodeMetadata(data), reason);
    };
    return { storage, clock, keep, files: async () => [...(await storage.list('backups'))].sort() };
  }

  it('R12: there is one for each metadata, also after a restart, whatever the reason', async () => {
    const { keep, files, storage, clock } = await setUp(100);
    const first = await keep('a');
    await keep('b');
    expect(await keep('a', 'diverged')).toEqual(first);
    expect(await keep('a', 'joined', new Backups(storage, { clock, most: 100 }))).toEqual(first);
    expect(await files()).toHaveLength(2);
  });

  it('R12: there are so many at most; the oldest are deleted, and named', async () => {
    const { keep, files } = await setUp(3);
    const made = [];
    for (const name of ['a', 'b', 'c']) made.push(await keep(name));
    for (const { deletedBackups } of made) expect(deletedBackups).toBeUndefined();
    expect(await keep('d')).toMatchObject({ deletedBackups: [made[0]?.backup] });
    expect(await files()).toHaveLength(3);
  });

  it('R12: the newest of each reason stays, whatever the limit, and however old', async () => {
    const { keep, files, clock } = await setUp(1);
    await keep('old', 'joined');
    await keep('adopted', 'adopted');
    await clock.advance(400 * 86_400_000);
    for (let i = 0; i < 5; i++) await keep(`${i}`, 'epoch-changed');
    const reasons = (await files()).map((name) => /Z-([a-z-]+)-/.exec(name)?.[1]);
    expect(reasons.sort()).toEqual(['adopted', 'epoch-changed', 'joined']);
  });

  it('R12: thousands that an earlier version left are brought to the limit at once', async () => {
    const { keep, files, storage } = await setUp(100);
    for (let i = 0; i < 300; i++) {
      const digest = i.toString(16).padStart(12, '0');
      const time = new Date(i * 1_000).toISOString().replaceAll(':', '');
      await storage.write(`backups/${time}-epoch-changed-${digest}.db`, 'old');
    }
    const { backup, deletedBackups } = await keep('new', 'epoch-changed');
    expect(deletedBackups).toHaveLength(201);
    expect(await files()).toHaveLength(100);
    expect((await files()).map((name) => storage.pathOf(`backups/${name}`))).toContain(backup);
  });
});

it('R12: files that are no backups of ours stay', async () => {
  const dir = await temporaryDirectory();
  await mkdir(join(dir, 'backups'));
  const others = ['meta.db', '2001-01-01-mine.db', 'x.db.tmp'];
  for (const name of others) await writeFile(join(dir, 'backups', name), 'mine');
  const clock = new ManualClock();
  const backups = new Backups(new NodeDirectory(dir, { lock: false }), { clock, most: 1 });
  let last = '';
  for (const name of ['a', 'b', 'c']) {
    await clock.advance(1_000);
    const data = await dataWith(1n, name);
    last = (await backups.keep(data, encodeMetadata(data), 'joined')).backup;
  }
  const files = await readdir(join(dir, 'backups'));
  expect(files).toEqual(expect.arrayContaining(others));
  expect(files).toHaveLength(others.length + 1);
  expect(decodeMetadata(await readFile(last)).databases.map(({ name }) => name)).toEqual(['c']);
});

it('R12: a storage that cannot list or delete keeps one backup for each metadata of a process', async () => {
  const files = new Map<string, string | Uint8Array>();
  const storage: NodeStorage = {
    read: async () => undefined,
    write: async (name, content) => void files.set(name, content),
    pathOf: (name) => name,
  };
  const clock = new ManualClock();
  const backups = new Backups(storage, { clock, most: 1 });
  for (const name of ['a', 'b', 'a', 'b']) {
    await clock.advance(1_000);
    const data = await dataWith(1n, name);
    await backups.keep(data, encodeMetadata(data), 'joined');
  }
  expect(files.size).toBe(2);
});
