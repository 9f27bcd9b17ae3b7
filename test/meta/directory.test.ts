import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeMetadata, LocalMetaClient, type LocalMetaClientOptions } from 'clusterflux';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fillDiskOnce } from './support/full-disk.js';
import { influxdbFile } from './support/influxdb-files.js';
import { temporaryDirectory } from './support/temporary-directory.js';

async function openIn(dir: string, options: LocalMetaClientOptions = {}): Promise<LocalMetaClient> {
  const client = new LocalMetaClient({ dir, ...options });
  await client.open();
  onTestFinished(() => client.close());
  return client;
}

const fileOf = async (dir: string) => decodeMetadata(await readFile(join(dir, 'meta.db')));

describe('metadata in a directory', () => {
  it('a new store has its cluster id on disk before the first change, and its index stays 1', async () => {
    const dir = await temporaryDirectory();
    const client = await openIn(dir);
    expect(await fileOf(dir)).toEqual(client.data());
    expect(client.data().index).toBe(1n);
    await client.close();
    const again = await openIn(dir);
    expect(again.data()).toEqual(client.data());
  });

  it('every acknowledged change is in the file', async () => {
    const dir = await temporaryDirectory();
    const client = await openIn(dir);
    for (let i = 0; i < 20; i++) {
      await client.createDatabase(`db${i}`);
      expect(await fileOf(dir)).toEqual(client.data());
    }
    await client.dropDatabase('db3');
    expect((await fileOf(dir)).databases.map(({ name }) => name)).not.toContain('db3');
    expect(client.data().index).toBe(22n);
  });

  it('opens a file that InfluxDB wrote, and does not rewrite it', async () => {
    const dir = await temporaryDirectory();
    const { bytes } = influxdbFile('basic.db');
    await writeFile(join(dir, 'meta.db'), bytes);
    const client = await openIn(dir);
    expect(client.databases().map(({ name }) => name)).toContain('telegraf');
    expect((await readFile(join(dir, 'meta.db'))).equals(bytes)).toBe(true);
  });

  it.each([
    ['empty', Buffer.alloc(0)],
    ['cut short', influxdbFile('basic.db').bytes.subarray(0, 1000)],
    ['something else', Buffer.from('this is not metadata')],
  ])('a file that is %s is refused with its path, and stays as it is', async (_, bytes) => {
    const dir = await temporaryDirectory();
    await writeFile(join(dir, 'meta.db'), bytes);
    const client = new LocalMetaClient({ dir });
    const before = client.data();
    await expect(client.open()).rejects.toMatchObject({
      code: 'MALFORMED_METADATA',
      message: expect.stringContaining(`${join(dir, 'meta.db')}: malformed metadata: `),
    });
    expect(await readdir(dir)).toEqual(['meta.db']);
    expect((await readFile(join(dir, 'meta.db'))).equals(bytes)).toBe(true);
    expect(client.data()).toBe(before);
    await rm(join(dir, 'meta.db'));
    await client.open();
    await client.close();
  });

  it('a directory that is missing is refused', async () => {
    const dir = join(await temporaryDirectory(), 'nowhere');
    const client = new LocalMetaClient({ dir });
    await expect(client.open()).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining('no such file or directory'),
    });
  });

  it('changes are refused before it is open and after it is closed; reads still work, and it can be opened again', async () => {
    const client = new LocalMetaClient({ dir: await temporaryDirectory() });
    await expect(client.createDatabase('a')).rejects.toMatchObject({ code: 'NOT_OPEN' });
    await Promise.all([client.open(), client.open()]);
    const created = client.createDatabase('a');
    await Promise.all([client.close(), client.close()]);
    await created;
    expect(client.database('a')?.name).toBe('a');
    await expect(client.createDatabase('b')).rejects.toMatchObject({ code: 'CLOSED' });
    await client.open();
    await client.createDatabase('b');
    await client.close();
  });

  it('a disk that is full refuses the change: memory and file are as before, and the next change works', async () => {
    const dir = await temporaryDirectory();
    const client = await openIn(dir);
    await client.createDatabase('a');
    const before = client.data();
    const bytes = await readFile(join(dir, 'meta.db'));
    await fillDiskOnce();
    await expect(client.createDatabase('b')).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      cause: { code: 'ENOSPC' },
    });
    expect(client.data()).toBe(before);
    expect((await readFile(join(dir, 'meta.db'))).equals(bytes)).toBe(true);
    await client.createDatabase('b');
    expect(await fileOf(dir)).toEqual(client.data());
    expect(client.data().index).toBe(3n);
  });

  it('a file that cannot be replaced refuses the change, and no temporary file is left', async () => {
    const dir = await temporaryDirectory();
    const client = await openIn(dir);
    await rm(join(dir, 'meta.db'));
    await mkdir(join(dir, 'meta.db'));
    await expect(client.createDatabase('a')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(await readdir(dir)).toEqual(['meta.db', expect.stringMatching(/^meta\.lock\./)]);
    await rm(join(dir, 'meta.db'), { recursive: true });
    await client.createDatabase('a');
    expect(await fileOf(dir)).toEqual(client.data());
  });
});

describe('group commit', () => {
  it('queued changes share one write, in the order of the calls, and each has its own result', async () => {
    const dir = await temporaryDirectory();
    const client = await openIn(dir);
    let writes = 0;
    const count = async (): Promise<void> => {
      await client.waitForDataChanged();
      writes++;
      return count();
    };
    void count();
    const answers = await Promise.allSettled([
      ...Array.from({ length: 64 }, (_, i) => client.createDatabase(`db${i}`)),
      client.createDatabase(''),
      client.createDatabase('db1'),
      client.dropUser('nobody'),
      client.dropDatabase('db0'),
    ]);
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(66);
    expect(writes).toBe(1);
    expect(client.data().index).toBe(66n);
    expect(client.databases().map(({ name }) => name)).toEqual(
      Array.from({ length: 63 }, (_, i) => `db${i + 1}`),
    );
    expect(await fileOf(dir)).toEqual(client.data());
  });

  it('readers see a change only when it is in the file', async () => {
    const client = await openIn(await temporaryDirectory());
    const created = client.createDatabase('a');
    expect(client.database('a')).toBeUndefined();
    await created;
    expect(client.database('a')).toBeDefined();
  });

  it('when the write fails, all that depended on it are refused, and no others', async () => {
    const dir = await temporaryDirectory();
    const client = await openIn(dir);
    await client.createDatabase('a');
    const before = client.data();
    await fillDiskOnce();
    const [existing, refused, created, again] = await Promise.allSettled([
      client.createDatabase('a'),
      client.createDatabase(''),
      client.createDatabase('b'),
      // It would be there already: but is it?
      client.createDatabase('b'),
    ]);
    expect(existing).toMatchObject({ status: 'fulfilled' });
    expect(refused).toMatchObject({ reason: { code: 'DATABASE_NAME_REQUIRED' } });
    expect(created).toMatchObject({ reason: { code: 'STORAGE_FAILED' } });
    expect(again).toMatchObject({ reason: { code: 'STORAGE_FAILED' } });
    expect(client.data()).toBe(before);
  });

  it('data that cannot be encoded is refused alone', async () => {
    const dir = await temporaryDirectory();
    const client = await openIn(dir);
    const { databases } = await client
      .fork()
      .createDatabase('a')
      .then((database) => ({ databases: [database] }));
    const [policy] = databases[0]?.retentionPolicies ?? [];
    const broken = databases.map((database) => ({
      ...database,
      retentionPolicies: policy === undefined ? [] : [{ ...policy, replicaN: 1.5 }],
    }));
    const [before, unencodable, after] = await Promise.allSettled([
      client.createDatabase('b'),
      client.setData({ ...client.data(), databases: broken }),
      client.createDatabase('c'),
    ]);
    expect(before.status).toBe('fulfilled');
    expect(unencodable).toMatchObject({
      reason: {
        name: 'RangeError',
        message: 'databases[0].retentionPolicies[0].replicaN must be an unsigned 32-bit integer, not 1.5',
      },
    });
    expect(after.status).toBe('fulfilled');
    expect(client.databases().map(({ name }) => name)).toEqual(['b', 'c']);
    expect(await fileOf(dir)).toEqual(client.data());
  });
});
