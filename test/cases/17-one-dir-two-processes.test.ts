import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { createManagerServer, Manager, MemoryStore } from 'clusterflux/manager';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { bundle } from '../support/bundle.js';

let holder = '';
let cflux = '';
beforeAll(async () => {
  holder = await bundle(fileURLToPath(new URL('programs/directory-holder.ts', import.meta.url)));
  cflux = await bundle(fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)));
});

async function temporaryDirectory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-one-owner-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function startManager(): Promise<string> {
  const manager = new Manager({ store: new MemoryStore() });
  const server = await createManagerServer(manager, { port: 0 });
  onTestFinished(async () => {
    await server.close();
    await manager.close();
  });
  return server.url;
}

/** A process, and the first line of its output; of one that ends without any, the last line on standard error before the hint to `cflux explain`. */
async function start(...args: readonly string[]): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const first = once(createInterface(child.stdout), 'line').then(([line]) => String(line));
  const closed = once(child, 'close').then(() => {
    const lines = errors.trim().split('\n');
    return lines.filter((line) => !line.includes('cflux explain')).at(-1) ?? '';
  });
  return { child, line: await Promise.race([first, closed]) };
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'close');
  child.kill('SIGKILL');
  await gone;
}

const locks = async (dir: string) => (await readdir(dir)).filter((name) => /lock|shared/.test(name));

describe('R1, R11: the directory of a client has one owner', () => {
  it('a second process is refused with the id of the first, which continues', async () => {
    const [url, dir] = [await startManager(), await temporaryDirectory()];
    const first = await start(holder, url, dir);
    expect(first.line).toBe('open');
    const second = await start(holder, url, dir);
    expect(second.line).toBe(`DIRECTORY_LOCKED ${dir} is in use by process ${first.child.pid}`);
    first.child.kill('SIGSTOP');
    const third = await start(holder, url, dir);
    expect(third.line).toBe(second.line);
    await kill(first.child);
  });

  it('a killed owner is succeeded as the same node, and its temporary files are removed', async () => {
    const [url, dir] = [await startManager(), await temporaryDirectory()];
    const first = await start(holder, url, dir);
    await kill(first.child);
    await mkdir(join(dir, 'backups'));
    const leftovers = [
      'cflux.json.tmp',
      'cflux.json.0123456789abcdef.tmp',
      'backups/x.db.0123456789abcdef.tmp',
    ];
    for (const name of leftovers) await writeFile(join(dir, name), '');
    await writeFile(join(dir, 'notes.tmp'), 'of somebody else');
    const { nodeId } = JSON.parse(await readFile(join(dir, 'cflux.json'), 'utf8'));
    const client = new CfluxClient(new LocalMetaClient(), { cluster: 'c', endpoint: url, dir });
    await client.open();
    expect(client.status.nodeId).toBe(nodeId);
    const left = [...(await readdir(dir)), ...(await readdir(join(dir, 'backups')))];
    expect(left.filter((name) => name.endsWith('.tmp'))).toEqual(['notes.tmp']);
    await client.close();
    expect(await locks(dir)).toEqual([]);
  });

  it('metadata and record may share a directory, and a second client of the process may not', async () => {
    const [endpoint, dir] = [await startManager(), join(await temporaryDirectory(), 'new')];
    await mkdir(dir);
    const client = new CfluxClient(new LocalMetaClient({ dir }), { cluster: 'c', endpoint, dir });
    await client.open();
    const second = new CfluxClient(new LocalMetaClient(), { cluster: 'c', endpoint, dir });
    await expect(second.open()).rejects.toMatchObject({
      code: 'DIRECTORY_LOCKED',
      message: `${dir} is in use by this process (${process.pid}) already`,
    });
    await client.createDatabase('a');
    await client.close();
    await second.open();
    expect(await second.database('a')).toBeDefined();
    await second.close();
  });

  it('a client that could not open has given the directory up', async () => {
    const dir = await temporaryDirectory();
    const endpoint = 'http://127.0.0.1:1';
    const retry = { attempts: 1 };
    const client = new CfluxClient(new LocalMetaClient(), { cluster: 'c', endpoint, dir, retry });
    await expect(client.open()).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(await locks(dir)).toEqual([]);
    await client.close();
  });

  it('the lock can be switched off', async () => {
    const [endpoint, dir] = [await startManager(), await temporaryDirectory()];
    const client = new CfluxClient(new LocalMetaClient(), { cluster: 'c', endpoint, dir, lock: false });
    await client.open();
    expect(await locks(dir)).toEqual([]);
    await client.close();
  });

  it('a second agent on the same --data is refused, and what an agent writes is for its owner alone', async () => {
    const data = join(await temporaryDirectory(), 'agent');
    const args = [
      cflux,
      'agent',
      '--endpoint',
      await startManager(),
      '--data',
      data,
      '--listen',
      '127.0.0.1:0',
    ];
    const server = ['--influxdb', 'http://127.0.0.1:1'];
    const first = await start(...args, ...server);
    expect(first.line).toContain('cflux agent for');
    const written = ['cflux.json', 'cluster', 'cluster/meta.db'];
    const poll = { timeout: 30_000 };
    await expect
      .poll(() => readdir(data, { recursive: true }), poll)
      .toEqual(expect.arrayContaining(written));
    const second = await start(...args, ...server);
    if (second.child.exitCode === null) await once(second.child, 'exit');
    expect(second.child.exitCode).toBeGreaterThan(0);
    expect(await readableByOthers(data)).toEqual([]);
    await kill(first.child);
  });
});

/** Files and directories, but not sockets, that others than their owner may read. */
async function readableByOthers(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = [
    dir,
    ...entries.filter((entry) => !entry.isSocket()).map((entry) => join(entry.parentPath, entry.name)),
  ];
  const modes = await Promise.all(
    paths.map(async (path) => [path, (await stat(path)).mode & 0o077] as const),
  );
  return modes.filter(([, mode]) => mode !== 0).map(([path]) => path);
}

describe('R20: the directory of a manager has one owner unless all share it', () => {
  const manager = (dir: string, ...more: string[]) =>
    start(cflux, 'manager', '--listen', '127.0.0.1:0', '--data', dir, ...more);

  it('a second manager is refused with advice, also while the first is stopped', async () => {
    const dir = join(await temporaryDirectory(), 'data');
    const first = await manager(dir);
    expect(first.line).toContain('listening');
    first.child.kill('SIGSTOP');
    for (const more of [[], ['--shared-data']]) {
      const second = await manager(dir, ...more);
      expect(second.line).toContain(`${dir} is in use by process ${first.child.pid}; stop it,`);
      expect(second.line).toContain('--shared-data');
    }
    await kill(first.child);
    const third = await manager(dir);
    expect(third.line).toContain('listening');
  });

  it('managers that all share it serve together, and refuse one that does not', async () => {
    const dir = join(await temporaryDirectory(), 'data');
    const [first, second] = [await manager(dir, '--shared-data'), await manager(dir, '--shared-data')];
    for (const { line } of [first, second]) expect(line).toContain('listening');
    const alone = await manager(dir);
    expect(alone.line).toContain(', which shares it; stop it');
    expect(await locks(dir)).toHaveLength(3);
  });

  it('its files are for its owner alone, also those that version 0.1 created', async () => {
    const dir = join(await temporaryDirectory(), 'data');
    const first = await manager(dir);
    expect(await readableByOthers(dir)).toEqual([]);
    await kill(first.child);
    for (const name of ['data.mdb', 'lock.mdb']) await chmod(join(dir, name), 0o644);
    await mkdir(join(dir, 'data.mdb.new-killed'));
    await manager(dir);
    expect(await readableByOthers(dir)).toEqual([]);
    expect(await readdir(dir)).not.toContain('data.mdb.new-killed');
  });
});
