import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalMetaClient } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { childProgram, firstLine, kill } from './support/child.js';
import { temporaryDirectory } from './support/temporary-directory.js';

const locks = async (dir: string) => (await readdir(dir)).filter((name) => name.includes('lock'));

describe('the lock on a directory', () => {
  const startHolder = childProgram('lock-holder');

  it('a second client in this process is refused', async () => {
    const dir = await temporaryDirectory();
    const first = new LocalMetaClient({ dir });
    const second = new LocalMetaClient({ dir });
    await first.open();
    await expect(second.open()).rejects.toMatchObject({
      code: 'DIRECTORY_LOCKED',
      message: `${dir} is in use by this process (${process.pid}) already`,
    });
    await first.createDatabase('a');
    await first.close();
    expect(await locks(dir)).toEqual([]);
    await second.open();
    expect(second.database('a')).toBeDefined();
    await second.close();
  });

  it('a second process is refused, with the owner in the error', async () => {
    const dir = await temporaryDirectory();
    const client = new LocalMetaClient({ dir });
    await client.open();
    const child = startHolder(dir);
    expect(await firstLine(child)).toBe(
      `DIRECTORY_LOCKED CfluxError: ${dir} is in use by process ${process.pid}`,
    );
    await client.close();
    await kill(child);
  });

  it('a process that is stopped keeps it, a dead one does not', async () => {
    const dir = await temporaryDirectory();
    const child = startHolder(dir);
    expect(await firstLine(child)).toBe('open');
    child.kill('SIGSTOP');
    const client = new LocalMetaClient({ dir });
    await expect(client.open()).rejects.toMatchObject({
      code: 'DIRECTORY_LOCKED',
      message: `${dir} is in use by process ${child.pid}`,
    });
    await kill(child);
    expect(await locks(dir)).toHaveLength(1);
    await client.open();
    expect(await locks(dir)).toHaveLength(1);
    await client.close();
    expect(await locks(dir)).toEqual([]);
  });

  it('of many that come at once, also after one that died, exactly one gets it', async () => {
    const dir = await temporaryDirectory();
    const child = startHolder(dir);
    expect(await firstLine(child)).toBe('open');
    await kill(child);
    for (let round = 0; round < 5; round++) {
      const clients = Array.from({ length: 8 }, () => new LocalMetaClient({ dir }));
      const opened = await Promise.allSettled(clients.map((client) => client.open()));
      expect(opened.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const answer of opened) {
        if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'DIRECTORY_LOCKED' });
      }
      await Promise.all(clients.map((client) => client.close()));
      expect(await locks(dir)).toEqual([]);
    }
  });

  it('of processes that come at once, exactly one gets it', async () => {
    const dir = await temporaryDirectory();
    const children = Array.from({ length: 4 }, () => startHolder(dir));
    const said = await Promise.all(children.map(firstLine));
    expect(said.filter((line) => line === 'open')).toHaveLength(1);
    expect(said.filter((line) => line.startsWith('DIRECTORY_LOCKED'))).toHaveLength(3);
    await Promise.all(children.map(kill));
  });

  it('a path that is too long for a socket is supported', async () => {
    const dir = join(await temporaryDirectory(), 'x'.repeat(200));
    await mkdir(dir);
    const first = new LocalMetaClient({ dir });
    await first.open();
    expect(await locks(dir)).toHaveLength(1);
    await expect(new LocalMetaClient({ dir }).open()).rejects.toMatchObject({ code: 'DIRECTORY_LOCKED' });
    await first.close();
    expect(await locks(dir)).toEqual([]);
  });

  it('can be done without', async () => {
    const dir = await temporaryDirectory();
    const clients = [new LocalMetaClient({ dir, lock: false }), new LocalMetaClient({ dir, lock: false })];
    for (const client of clients) await client.open();
    expect(await locks(dir)).toEqual([]);
    for (const client of clients) await client.close();
    await rm(dir, { recursive: true });
  });
});
