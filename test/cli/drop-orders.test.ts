import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CfluxClient, emptyMetaData, encodeMetadata, LocalMetaClient } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { labManager } from '../influxdb/support/fleet.js';
import { atEnd, directory, names, server } from '../influxdb/support/lab.js';
import { cflux } from '../support/fake-terminal.js';
import type { Influxd } from '../support/influxd.js';
import { describeWithServer } from '../support/servers.js';
import { type Running, cflux as running } from './lab-terminal.js';

async function clientOf(endpoint: string): Promise<CfluxClient<LocalMetaClient>> {
  const client = new CfluxClient(new LocalMetaClient({ bcryptCost: 4 }), { endpoint, cluster: 'prod' });
  await client.open();
  atEnd(() => client.close());
  return client;
}

const to = (url: string) => ['--endpoint', url, '--cluster', 'prod'];

function agentOf(influxd: Influxd, dir: string, manager: string, ...more: readonly string[]): Running {
  const own = ['--influxdb', influxd.url, '--data', dir, '--listen', ':0', '--interval', '200ms'];
  const agent = running(['agent', ...own, ...to(manager), ...more]);
  atEnd(() => agent.end());
  return agent;
}

const ordered = async (client: CfluxClient<LocalMetaClient>) =>
  ((await client.dropOrders(0))?.orders ?? []).map((order) => order.database);

describe('drop orders of cflux', () => {
  it('R36: exec --drop orders the drops of databases and policies; without it, it says what agents do', async () => {
    const manager = await labManager();
    const client = await clientOf(manager.url);
    const script =
      'CREATE DATABASE a; CREATE DATABASE b; CREATE RETENTION POLICY p ON b DURATION 1h REPLICATION 1';
    expect((await cflux(['exec', script, ...to(manager.url)])).code).toBe(0);
    const plain = await cflux(['exec', 'DROP DATABASE a', ...to(manager.url)]);
    expect(plain.err).toContain('--drop orders the drop on every server');
    expect(await ordered(client)).toEqual([]);
    const drops = 'DROP RETENTION POLICY p ON b; DROP DATABASE b; DROP DATABASE a; CREATE DATABASE b';
    for (const atomic of [[], ['--atomic']]) {
      const dropped = await cflux(['exec', '--drop', ...atomic, drops, ...to(manager.url)]);
      expect(dropped.err).toContain('the drops are ordered');
    }
    expect((await client.dropOrders(0))?.orders).toMatchObject([
      { kind: 'retentionPolicy', database: 'b', policy: 'p' },
      { kind: 'database', database: 'b' },
      { kind: 'database', database: 'a' },
      { kind: 'retentionPolicy', database: 'b', policy: 'p' },
      { kind: 'database', database: 'b' },
      { kind: 'database', database: 'a' },
    ]);
    const failing = await cflux([
      'exec',
      '--drop',
      '--atomic',
      'DROP DATABASE c; DROP USER u',
      ...to(manager.url),
    ]);
    expect(failing.code).toBe(1);
    expect(await ordered(client)).not.toContain('c');
  });

  it('R36: apply makes orders only with --drop', async () => {
    const manager = await labManager();
    const client = await clientOf(manager.url);
    const script =
      'CREATE DATABASE a; CREATE DATABASE b; CREATE RETENTION POLICY p ON b DURATION 1h REPLICATION 1';
    const make = () => cflux(['exec', script, ...to(manager.url)]);
    await make();
    const apply = (...more: readonly string[]) =>
      cflux(['apply', '-', '--prune=databases', '--yes', ...more, ...to(manager.url)], {
        input: 'CREATE DATABASE b',
      });
    expect((await apply()).code).toBe(0);
    expect(await ordered(client)).toEqual([]);
    await make();
    expect((await apply('--drop')).code).toBe(0);
    expect((await client.dropOrders(0))?.orders).toMatchObject([
      { kind: 'retentionPolicy', database: 'b', policy: 'p' },
      { kind: 'database', database: 'a' },
    ]);
  });

  it('R36: a rollback revokes the orders of later versions for what the restored version holds', async () => {
    const manager = await labManager();
    const client = await clientOf(manager.url);
    await cflux(['exec', 'CREATE DATABASE a; CREATE DATABASE b', ...to(manager.url)]);
    await client.refresh();
    const { version } = client.status;
    await cflux(['exec', '--drop', 'DROP DATABASE a; DROP DATABASE gone', ...to(manager.url)]);
    expect(await ordered(client)).toEqual(['a', 'gone']);
    const rolled = await cflux(['rollback', 'prod', String(version), '--endpoint', manager.url]);
    expect(rolled.code).toBe(0);
    expect(rolled.err).toBe('');
    expect(await ordered(client)).toEqual(['gone']);
  });

  it('R36: a rollback and an import order nothing, whatever the version before had', async () => {
    const manager = await labManager();
    const client = await clientOf(manager.url);
    await cflux(['exec', 'CREATE DATABASE a', ...to(manager.url)]);
    await client.refresh();
    const { version } = client.status;
    const script = 'CREATE DATABASE b; CREATE RETENTION POLICY p ON a DURATION 1h REPLICATION 1';
    await cflux(['exec', script, ...to(manager.url)]);
    const rolled = await cflux(['rollback', 'prod', String(version), '--endpoint', manager.url]);
    expect(rolled.code).toBe(0);
    await client.refresh();
    expect((await client.data()).databases.map(({ name }) => name)).toEqual(['a']);
    expect(await ordered(client), 'after the rollback').toEqual([]);
    const file = join(await directory(), 'meta.db');
    await writeFile(file, encodeMetadata(emptyMetaData()));
    const imported = await cflux(['import', 'prod', file, '--replace', '--endpoint', manager.url]);
    expect(imported.code, imported.err).toBe(0);
    await client.refresh();
    expect((await client.data()).databases).toEqual([]);
    expect(await ordered(client), 'after the import').toEqual([]);
  });
});

describeWithServer('influxd', 'drop orders of cflux on servers', () => {
  it('R36: DROP and CREATE reach every server, also one whose agent was away', async () => {
    const manager = await labManager();
    const client = await clientOf(manager.url);
    const servers = [await server(), await server()] as const;
    const dirs = [await directory(), await directory()] as const;
    await client.createDatabase('a');
    const first = agentOf(servers[0], dirs[0], manager.url, '--allow-drops');
    const second = agentOf(servers[1], dirs[1], manager.url, '--allow-drops');
    for (const agent of [first, second]) await agent.line('done      CREATE DATABASE "a"');
    for (const agent of [first, second]) await agent.line('in sync with');
    for (const each of servers) await each.write('a', 'm v=1 1');
    await second.end();
    await cflux(['exec', '--drop', 'DROP DATABASE a; CREATE DATABASE a', ...to(manager.url)]);
    await first.line('done      DROP DATABASE "a"  (ordered with version');
    await first.line('done      CREATE DATABASE "a"');
    const again = agentOf(servers[1], dirs[1], manager.url, '--allow-drops');
    await again.line('done      DROP DATABASE "a"  (ordered with version');
    await again.line('done      CREATE DATABASE "a"');
    for (const each of servers) expect(await names(each, 'SELECT v FROM a..m')).toEqual([]);
  });

  it('R36: confirm-drops names what it confirms, fails for what is not pending, and --all orders it on all servers', async () => {
    const manager = await labManager();
    const client = await clientOf(manager.url);
    const servers = [await server(), await server()] as const;
    const dirs = [await directory(), await directory()] as const;
    for (const name of ['kept', 'a', 'b', 'c']) await client.createDatabase(name);
    const agents = servers.map((each, i) => agentOf(each, dirs[i] ?? '', manager.url, '--allow-drops'));
    for (const agent of agents) await agent.line('in sync');
    for (const each of servers) await each.write('b', 'm v=1 1');
    await client.mutate(async (meta) => {
      await meta.dropDatabase('a');
      await meta.dropDatabase('b');
      await meta.dropDatabase('c');
    });
    const [line = ''] = await Promise.all(agents.map((agent) => agent.line('cflux confirm-drops')));
    expect(line).toContain(`--data ${dirs[0]}`);
    const confirmation = /confirm-drops (\w+)/.exec(line)?.[1] ?? '';
    const confirm = (id: string, ...more: readonly string[]) =>
      cflux(['confirm-drops', id, '--data', dirs[0], ...more]);
    const unknown = await confirm('0123456789abcdef');
    expect(unknown.code).toBe(1);
    expect(unknown.err).toContain('no drops are pending');
    expect((await cflux(['confirm-drops', confirmation, '--data', await directory()])).code).toBe(1);

    // Made again in the meantime: judged on the newest metadata.
    await client.createDatabase('b');
    const refused = await confirm(confirmation, '--all', ...to(manager.url));
    expect(refused.code).toBe(1);
    expect(refused.err + refused.out).toMatch(/again|pending/);
    expect(await ordered(client)).toEqual([]);
    await client.dropDatabase('b');
    for (const each of servers) {
      expect(await names(each, 'SHOW DATABASES')).toEqual(expect.arrayContaining(['a', 'b']));
    }
    // The agent has the same drops again once it has seen the newest version.
    let out = '';
    await expect
      .poll(
        async () => {
          const all = await confirm(confirmation, '--all', ...to(manager.url));
          out = all.out;
          return all.code;
        },
        { timeout: 20_000 },
      )
      .toBe(0);
    expect(out).toContain('DROP DATABASE "a"\nDROP DATABASE "b"\nDROP DATABASE "c"\nordered with version');
    for (const agent of agents) await agent.line('done      DROP DATABASE "c"');
    for (const each of servers) expect(await names(each, 'SHOW DATABASES')).toEqual(['kept']);
    // Not pending any more, as soon as the agent has read its server again.
    await expect.poll(async () => (await confirm(confirmation)).code, { timeout: 20_000 }).toBe(1);
  });
});
