import { copyFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { expect, it } from 'vitest';
import { labManager } from '../influxdb/support/fleet.js';
import { atEnd, directory, names, server } from '../influxdb/support/lab.js';
import type { Influxd } from '../support/influxd.js';
import { describeWithServer } from '../support/servers.js';
import { AgentProcess, cfluxProgram } from './agent-process.js';

describeWithServer('influxd', 'three agents with three servers', () => {
  it('R34: are killed, lose meta.db, find it empty and put back, and lose their data: each behaves as documented', async () => {
    const program = await cfluxProgram();
    const manager = await labManager();
    const servers = await Promise.all([server(), server(), server()]);
    const [removed, emptied, moved] = servers as [Influxd, Influxd, Influxd];
    const dirs = await Promise.all(servers.map(() => directory()));
    const agents = servers.map(
      ({ url }, at) =>
        new AgentProcess(
          program,
          ...['--influxdb', url, '--data', dirs[at] ?? '', '--endpoint', manager.url, '--cluster', 'prod'],
          ...['--listen', '127.0.0.1:0', '--interval', '200ms'],
        ),
    );
    const [ofRemoved, ofEmptied, ofMoved] = agents as [AgentProcess, AgentProcess, AgentProcess];
    const client = new CfluxClient(new LocalMetaClient(), { cluster: 'prod', endpoint: manager.url });
    await client.open();
    atEnd(() => client.close());
    for (const name of ['alpha', 'beta']) await client.createDatabase(name);
    for (const agent of agents) agent.start();
    await Promise.all(agents.map((agent) => agent.printed(/in sync with/)));
    for (const influxd of servers) {
      for (const name of ['alpha', 'beta']) await influxd.write(name, `only_in_${name} v=1`);
    }
    // Another look of each, which records the shards.
    await client.createDatabase('gamma');
    await Promise.all(agents.map((agent) => agent.printed(/done {6}CREATE DATABASE "gamma"/)));

    await Promise.all(agents.map((agent) => agent.kill()));
    await Promise.all(servers.map((influxd) => influxd.stop('SIGKILL')));
    const metaOf = ({ dir }: Influxd) => join(dir, 'meta', 'meta.db');
    await rm(metaOf(removed));
    await copyFile(metaOf(emptied), `${metaOf(emptied)}.kept`);
    await writeFile(metaOf(emptied), '');
    await rm(metaOf(moved));
    for (const part of ['data', 'wal']) await rename(join(moved.dir, part), join(moved.dir, `${part}.away`));
    await Promise.all([
      removed.start(),
      moved.start(),
      expect(emptied.start()).rejects.toThrow('influxd ended'),
    ]);
    for (const agent of agents) agent.start();

    const [, id = ''] = await ofRemoved.printed(/has lost metadata.*--rebuild ([0-9a-f]+)/);
    await ofEmptied.printed(/cannot reach InfluxDB/);
    // A new disk: filled at once.
    await ofMoved.printed(/done {6}CREATE DATABASE "gamma"/);
    await ofMoved.printed(/in sync with/);
    expect(await names(removed, 'SHOW DATABASES')).toEqual([]);

    await copyFile(`${metaOf(emptied)}.kept`, metaOf(emptied));
    await emptied.start();
    await ofEmptied.printed(/is available again/);
    expect(await names(emptied, 'SHOW MEASUREMENTS ON beta')).toEqual(['only_in_beta']);

    await ofRemoved.kill();
    ofRemoved.start('--rebuild', id);
    await ofRemoved.printed(/in sync with/);
    expect(await names(removed, 'SHOW DATABASES')).toEqual(['alpha', 'beta', 'gamma']);
    // The option stays in the unit file, and meta.db is lost again.
    await ofRemoved.kill();
    await removed.stop();
    await rm(metaOf(removed));
    await removed.start();
    ofRemoved.start('--rebuild', id);
    const [, other] = await ofRemoved.printed(/has lost metadata.*--rebuild ([0-9a-f]+)/);
    expect(other).not.toBe(id);
    expect(await names(removed, 'SHOW DATABASES')).toEqual([]);
  });
});
