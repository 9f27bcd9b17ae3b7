import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startEtcd } from '../support/etcd.js';
import { describeWithServer } from '../support/servers.js';
import { cflux, type Running } from './lab-terminal.js';

async function manager(...args: string[]): Promise<{ readonly url: string; readonly running: Running }> {
  const running = cflux(['manager', '--listen', '127.0.0.1:0', ...args]);
  const line = await running.line('listening on');
  onTestFinished(() => void running.end());
  return { url: /listening on (\S+),/.exec(line)?.[1] ?? '', running };
}

describeWithServer('etcd', 'cflux manager --etcd', () => {
  it('shares its data with other managers, stays ready or reports why not, and ends with code 0', async () => {
    const etcd = await startEtcd();
    onTestFinished(() => etcd.close());
    const urls = etcd.endpoints.join(',');
    const [first, second] = [await manager('--etcd', urls), await manager('--etcd', urls)];
    const push = await fetch(`${first.url}/clusters/c/versions/0`, { method: 'POST', body: 'one' });
    const version = push.headers.get('version');
    expect(push.status).toBe(200);
    const polled = await fetch(`${second.url}/clusters/c/versions/0`);
    expect([polled.headers.get('version'), await polled.text()]).toEqual([version, 'one']);
    expect((await fetch(`${second.url}/ready`)).status).toBe(200);
    await etcd.members[0]?.kill();
    const ready = await fetch(`${second.url}/ready`);
    expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('etcd')]);
    await etcd.members[0]?.start();
    await etcd.ready();
    await expect.poll(async () => (await fetch(`${second.url}/ready`)).status).toBe(200);
    expect(await first.running.end()).toBe(0);
    expect(await second.running.end()).toBe(0);
  });

  it('gets in with a user, whose password is in a file', async () => {
    const etcd = await startEtcd();
    onTestFinished(() => etcd.close());
    await etcd.gateway('auth/user/add', { name: 'root', password: 'secret-word' });
    await etcd.gateway('auth/user/grant', { user: 'root', role: 'root' });
    await etcd.gateway('auth/enable');
    const dir = mkdtempSync(join(tmpdir(), 'cflux-etcd-cli-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const file = join(dir, 'password');
    const urls = etcd.endpoints.join(',');
    writeFileSync(file, 'wrong-word\n');
    const flags = ['--etcd', urls, '--etcd-user', 'root', '--etcd-password-file', file];
    const refused = cflux(['manager', '--listen', '127.0.0.1:0', ...flags]);
    expect(await refused.exit).not.toBe(0);
    expect(refused.lines.join('\n')).toContain('etcd refused access');
    expect(refused.lines.join('\n')).not.toContain('-word');
    writeFileSync(file, 'secret-word\n');
    const { url } = await manager(...flags);
    expect((await fetch(`${url}/ready`)).status).toBe(200);
  });
});

describe('cflux manager', () => {
  it.each([
    [['--etcd-user', 'root'], '--etcd'],
    [['--etcd', 'http://127.0.0.1:1', '--memory'], "'--memory' cannot be used with option '--etcd"],
    [['--etcd', 'http://127.0.0.1:1', '--etcd-cert', 'x'], '--etcd-key'],
    [['--etcd', 'http://127.0.0.1:1', '--etcd-password-file', '/nowhere'], '--etcd-password-file'],
    [['--etcd', 'nonsense'], 'nonsense'],
  ])('refuses %j', async (args, named) => {
    const running = cflux(['manager', '--listen', '127.0.0.1:0', ...args]);
    expect(await running.exit).not.toBe(0);
    expect(running.lines.join('\n')).toContain(named);
  });
});
