import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { expect, it } from 'vitest';
import { cflux } from '../cli/lab-terminal.js';
import { labManager } from '../influxdb/support/fleet.js';
import { atEnd, directory, names, server } from '../influxdb/support/lab.js';
import { describeWithServer } from '../support/servers.js';

describeWithServer('influxd', 'a server that cannot store its metadata for a while', () => {
  it('R34: is reported as a server in trouble, and is put right within seconds after it can', async () => {
    const [manager, influxd] = [await labManager(), await server()];
    const client = new CfluxClient(new LocalMetaClient(), { cluster: 'prod', endpoint: manager.url });
    await client.open();
    atEnd(() => client.close());
    await client.createDatabase('one');
    const at = ['--influxdb', influxd.url, '--endpoint', manager.url, '--cluster', 'prod'];
    const options = ['--data', await directory(), '--listen', '127.0.0.1:0', '--interval', '1h'];
    const agent = cflux(['agent', ...at, ...options]);
    atEnd(() => agent.end());
    const [, url = ''] = /on (http:\S+)/.exec(await agent.line('/health and /metrics')) ?? [];
    await agent.line('in sync with');

    // The server writes this file before it renames it.
    const obstacle = join(influxd.dir, 'meta', 'meta.dbtmp');
    await mkdir(obstacle);
    await client.createDatabase('two');
    expect(await agent.line('meta.dbtmp')).toMatch(/cannot execute statements.*retrying/);
    const health = await fetch(`${url}/health`);
    expect([health.status, await health.text()]).toEqual([503, expect.stringContaining('meta.dbtmp')]);
    await rmdir(obstacle);
    // The next look by the interval would be in an hour.
    await agent.line('done      CREATE DATABASE "two"');
    await agent.line('is available again');
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['one', 'two']);
    expect(agent.lines.join()).not.toContain('refused');
  });
});
