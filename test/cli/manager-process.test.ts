import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { bundle } from '../support/bundle.js';

let program = '';
beforeAll(async () => {
  program = await bundle(fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)));
});

interface Started {
  readonly child: ChildProcess;
  /** What it listens on; empty where it ended before. */
  readonly url: string;
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
  err(): string;
}

/** `cflux manager` as a process of its own, once it listens or has ended. */
async function start(...args: string[]): Promise<Started> {
  const child = spawn(process.execPath, [program, 'manager', '--listen', '0', ...args]);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let [out, err] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const listening = new Promise<string>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      const url = /listening on (\S+),/.exec(out)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.once('close', () => resolve(''));
  });
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, out, err }));
  });
  return { child, url: await listening, ended, err: () => err };
}

async function temporaryDirectory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-process-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const push = (url: string, version: string, body: string) =>
  fetch(`${url}/clusters/a/versions/${version}`, { method: 'POST', body, headers: { 'cflux-node': '7' } });
const versionOf = (answer: Response) => answer.headers.get('version') ?? '';

describe('cflux manager', () => {
  it('keeps what it acknowledged through SIGTERM and SIGKILL, and logs the author of each change', async () => {
    const dir = join(await temporaryDirectory(), 'data');
    const first = await start('--data', dir);
    const one = versionOf(await push(first.url, '0', 'one'));
    const { id } = (await (await fetch(`${first.url}/nodes/a`, { method: 'POST', body: '{}' })).json()) as {
      id: number;
    };
    const held = fetch(`${first.url}/clusters/a/versions/${one}`);
    await fetch(`${first.url}/health`);
    first.child.kill('SIGTERM');
    expect((await held).status).toBe(503);
    const { code, out, err } = await first.ended;
    expect(code).toBe(0);
    expect(out).toContain(`data in ${dir}`);
    expect(err).toMatch(
      new RegExp(`^\\S+Z push cluster="a" version=${one} node=7 from="127\\.0\\.0\\.1"$`, 'm'),
    );
    expect(err).toMatch(new RegExp(`^\\S+Z register cluster="a" node=${id} from=`, 'm'));
    expect(err).toContain('SIGTERM, closing');

    const second = await start('--data', dir);
    const two = versionOf(await push(second.url, one, 'two'));
    expect(Number(two)).toBeGreaterThan(Number(one));
    second.child.kill('SIGKILL');
    await second.ended;

    const third = await start('--data', dir);
    const newest = await fetch(`${third.url}/clusters/a/versions/0`);
    expect([versionOf(newest), await newest.text()]).toEqual([two, 'two']);
    expect((await fetch(`${third.url}/nodes/a/${id}`, { method: 'PUT' })).status).toBe(200);
    third.child.kill('SIGINT');
    expect((await third.ended).code).toBe(0);
  });

  it('forgets everything with --memory, and then has another epoch (R11)', async () => {
    const epochs: (string | null)[] = [];
    for (let round = 0; round < 2; round++) {
      const { url, child, ended } = await start('--memory');
      const answer = await push(url, '0', 'one');
      expect(answer.status).toBe(200);
      epochs.push(answer.headers.get('cflux-epoch'));
      child.kill('SIGKILL');
      await ended;
    }
    expect(epochs[0]).not.toBe(epochs[1]);
  });

  it('ends at once, with the reason and an exit code, if it cannot serve', async () => {
    const dir = await temporaryDirectory();
    const open = await start('--memory', '--listen', '0.0.0.0:0');
    expect(await open.ended).toMatchObject({ code: 2, err: expect.stringContaining('password hashes') });
    const half = await start('--memory', '--tls-cert', 'x.pem');
    expect(await half.ended).toMatchObject({
      code: 2,
      err: expect.stringContaining('must be used together'),
    });
    const tokens = await start('--memory', '--tokens', join(dir, 'none.toml'));
    expect(await tokens.ended).toMatchObject({ code: 2, err: expect.stringContaining('none.toml') });
    const unusable = await start('--data', '/dev/null/data');
    expect(await unusable.ended).toMatchObject({ code: 1, err: expect.stringContaining('/dev/null/data') });
    const insecure = await start('--memory', '--insecure', '--listen', '0.0.0.0:0');
    expect(insecure.url).toMatch(/^http:\/\/0\.0\.0\.0:/);
  });

  it('stores a push once that was cut off by a stop, and sent again (R27)', async () => {
    const { url, child } = await start('--memory');
    const headers = { 'cflux-mutation': 'once' };
    const first = versionOf(await push(url, '0', 'one'));
    child.kill('SIGSTOP');
    const request = { method: 'POST', body: 'two', headers };
    const cut = fetch(`${url}/clusters/a/versions/${first}`, {
      ...request,
      signal: AbortSignal.timeout(300),
    });
    await expect(cut).rejects.toThrow();
    child.kill('SIGCONT');
    const again = await fetch(`${url}/clusters/a/versions/${first}`, request);
    expect(again.status).toBe(200);
    const history = (await (await fetch(`${url}/clusters/a/history`)).json()) as { version: number }[];
    expect(history.map(({ version }) => String(version))).toEqual([versionOf(again), first]);
  });
});
