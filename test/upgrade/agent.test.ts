import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { cflux } from '../cli/lab-terminal.js';
import { atEnd, directory, names, server } from '../influxdb/support/lab.js';
import { describeWithServer } from '../support/servers.js';
import { releases } from './releases.js';

const firstCflux = fileURLToPath(import.meta.resolve('clusterflux-first/package.json')).replace(
  /package\.json$/,
  'dist/cli/main.js',
);

/** Runs the agent of the first release until it is in step once, and ends it. */
async function runFirstAgent(args: readonly string[]): Promise<void> {
  const agent = spawn(process.execPath, [firstCflux, 'agent', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  atEnd(async () => void agent.kill('SIGKILL'));
  const exited = once(agent, 'exit');
  for await (const line of createInterface(agent.stdout)) {
    if (line.includes('in step with version')) agent.kill('SIGTERM');
  }
  await exited;
}

describeWithServer('influxd', 'the data directory of an agent of the first release', () => {
  it('R34: is opened: the agent changes nothing, and mirrors the cluster from then on', async () => {
    const { url } = await releases.now.serve('memory');
    const influxd = await server();
    await influxd.query('CREATE DATABASE telegraf');
    const args = ['--influxdb', influxd.url, '--data', await directory(), '--endpoint', url];
    const common = [...args, '--cluster', 'prod', '--listen', '127.0.0.1:0', '--interval', '200ms'];
    await runFirstAgent([...common, '--allow-drops']);
    const node = releases.now.node(url);
    await node.open();
    const [{ id } = { id: 0 }] = await node.nodes();

    const agent = cflux(['agent', ...common, '--allow-drops']);
    atEnd(() => agent.end());
    await agent.line('in sync with version');
    expect(agent.lines.filter((line) => /CREATE|DROP|imported/.test(line))).toEqual([]);
    expect((await node.nodes()).map((each) => each.id)).toContain(id);

    // By the ledger the database was the cluster's, so that it may be dropped.
    await node.createDatabase('later');
    await agent.line('later');
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['telegraf', 'later']);
  });
});
