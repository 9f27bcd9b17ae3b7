import { execFileSync } from 'node:child_process';
import { expect, it, onTestFinished } from 'vitest';
import { ResponsiveTime } from '../support/responsive-time.js';
import { describeWithFacility } from '../support/servers.js';
import { CfluxManager } from './support/cflux-manager.js';
import { NodeProcess, type NodeProcessSettings } from './support/node-process.js';
import { until } from './support/nodes.js';

const ip = (...args: readonly string[]) => execFileSync('ip', args, { stdio: 'pipe' });

/** Two namespaces with a wire between them: `away` for a node, `home` for the manager and another node. */
function wire() {
  const [home, away] = [`cfx-h-${process.pid}`, `cfx-a-${process.pid}`];
  for (const space of [home, away]) {
    ip('netns', 'add', space);
    onTestFinished(() => void ip('netns', 'del', space));
    ip('-n', space, 'link', 'set', 'lo', 'up');
  }
  ip('-n', home, 'link', 'add', 'wire', 'type', 'veth', 'peer', 'name', 'wire', 'netns', away);
  for (const [space, address] of [
    [home, '10.77.0.1/24'],
    [away, '10.77.0.2/24'],
  ] as const) {
    ip('-n', space, 'address', 'add', address, 'dev', 'wire');
    ip('-n', space, 'link', 'set', 'wire', 'up');
  }
  const within = (space: string) => ['ip', 'netns', 'exec', space];
  return {
    home: within(home),
    away: within(away),
    set: (state: 'up' | 'down') => ip('-n', home, 'link', 'set', 'wire', state),
  };
}

const hold = 1_000;
const margin = 500;
const settings: Omit<NodeProcessSettings, 'endpoint'> = { pollWait: hold, retry: { pollMargin: margin } };

describeWithFacility('network namespaces', '#3 a watch on a half-open connection', () => {
  it.each([
    ['of a manager that hears nothing of it', false],
    ['of a manager that was killed meanwhile: nobody is there to reset it', true],
  ])('#3 R9: %s is noticed within hold and margin, and the node converges', async (_, isKilled) => {
    const { home, away, set } = wire();
    const data = ['--data', `/tmp/cflux-half-open-${process.pid}-${isKilled}`];
    onTestFinished(() => void execFileSync('rm', ['-r', data[1] ?? '']));
    const manager = await CfluxManager.start(['--listen', '0.0.0.0:18077', '--insecure', ...data], home);
    const port = new URL(manager.url).port;
    const node = await NodeProcess.open(
      { ...settings, endpoint: `http://10.77.0.1:${port}` },
      { prefix: away },
    );
    const other = await NodeProcess.open(
      { ...settings, endpoint: `http://127.0.0.1:${port}` },
      { prefix: home },
    );
    await other.ask('createDatabase', 'before');
    await until(async () => (await node.ask<string[]>('databases')).includes('before'), 'it follows');
    expect(node.heard('syncFailed')).toEqual([]);

    const time = new ResponsiveTime();
    onTestFinished(() => time.stop());
    const noticed = until(() => node.heard('syncFailed').length > 0, 'it notices').then(() => time.ms);
    time.restart();
    set('down');
    await other.ask('createDatabase', 'meanwhile');
    if (isKilled) {
      await manager.kill();
      await manager.start();
    }
    // With as much again for a busy machine.
    expect(await noticed).toBeLessThan(2 * (hold + margin));
    expect(await node.ask('databases')).toEqual(['before']);

    set('up');
    await until(async () => (await node.ask<string[]>('databases')).includes('meanwhile'), 'it converges');
    await node.ask('createDatabase', 'after');
    await until(async () => (await other.ask<string[]>('databases')).includes('after'), 'both ways');
  });
});
