import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cflux } from '../cli/lab-terminal.js';
import { labManager } from '../influxdb/support/fleet.js';
import { atEnd, directory, names, server } from '../influxdb/support/lab.js';
import { describeWithServer } from '../support/servers.js';

describeWithServer('influxd', 'a server whose meta.db is lost and whose data is not', () => {
  it('R34: gets nothing from its agent, which reports what was found and what to do', async () => {
    const [manager, influxd, dir] = [await labManager(), await server(), await directory()];
    await influxd.query('CREATE DATABASE alpha; CREATE DATABASE beta');
    for (const name of ['alpha', 'beta']) await influxd.write(name, `only_in_${name} v=1`);
    const at = ['--influxdb', influxd.url, '--endpoint', manager.url, '--cluster', 'prod', '--data', dir];
    const agent = cflux(['agent', ...at, '--listen', '127.0.0.1:0', '--interval', '200ms']);
    atEnd(() => agent.end());
    const [, url = ''] = /on (http:\S+)/.exec(await agent.line('/health and /metrics')) ?? [];
    await agent.line('in sync with');

    const file = join(influxd.dir, 'meta', 'meta.db');
    await influxd.stop();
    await rename(file, `${file}.kept`);
    await influxd.start();
    const line = await agent.line('has lost metadata');
    expect(line).toMatch(/shard 1 of "alpha".*restore its meta.db.*--rebuild [0-9a-f]+/);
    const health = await fetch(`${url}/health`);
    expect([health.status, await health.text()]).toEqual([503, expect.stringContaining('has lost metadata')]);
    const plan = cflux(['plan', ...at]);
    expect([await plan.exit, plan.lines.join()]).toEqual([1, expect.stringContaining('--rebuild')]);
    expect(await names(influxd, 'SHOW DATABASES')).toEqual([]);
    await expect(influxd.write('beta', 'only_in_beta v=2')).rejects.toThrow('database not found');

    await influxd.stop();
    await rename(`${file}.kept`, file);
    await influxd.start();
    await agent.line('is available again');
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect(await names(influxd, 'SHOW MEASUREMENTS ON beta')).toEqual(['only_in_beta']);
  });
});
