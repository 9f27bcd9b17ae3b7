import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { expect, it } from 'vitest';
import { answeringProxy } from '../influxdb/support/answering-proxy.js';
import { cuttingProxy } from '../influxdb/support/cutting-proxy.js';
import { labManager } from '../influxdb/support/fleet.js';
import { atEnd, directory, names, server } from '../influxdb/support/lab.js';
import { describeWithServer } from '../support/servers.js';
import { cfluxProgram } from './agent-process.js';
import { cflux, type Running } from './lab-terminal.js';

function run(args: readonly string[], env?: Record<string, string>): Running {
  const running = cflux(args, env);
  atEnd(() => running.end());
  return running;
}

async function clientOf(endpoint: string): Promise<CfluxClient<LocalMetaClient>> {
  const client = new CfluxClient(new LocalMetaClient({ bcryptCost: 4 }), { endpoint, cluster: 'prod' });
  await client.open();
  atEnd(() => client.close());
  return client;
}

describeWithServer('influxd', 'cflux agent', () => {
  it('seeds an empty cluster with the schema of the first server; a later one follows, and adds with --import', async () => {
    const manager = await labManager();
    const [one, other] = [await server(), await server()];
    await one.query(
      "CREATE DATABASE telegraf; CREATE USER bob WITH PASSWORD 'Secr3t'; GRANT READ ON telegraf TO bob",
    );
    await other.query('CREATE DATABASE mine');
    const common = ['--endpoint', manager.url, '--cluster', 'prod', '--listen', ':0', '--interval', '200ms'];
    const first = run(['agent', '--influxdb', one.url, '--data', await directory(), ...common]);
    await first.line('imported  database "telegraf"');
    await first.line('in sync with version');

    const dir = await directory();
    const passwords = join(dir, 'passwords.toml');
    await writeFile(passwords, 'alice = "x"\n');
    const agent = ['agent', '--influxdb', other.url, '--data', dir, '--passwords', passwords, ...common];
    const second = run(agent);
    await second.line('done      CREATE DATABASE "telegraf"');
    await second.line('unmanaged database "mine"');
    await second.line('pending   user "bob": missing, and its password was not given');
    // The file is read again when it changes.
    await writeFile(passwords, '"bob" = "Secr3t"\n');
    await second.line('done      CREATE USER "bob" WITH PASSWORD [REDACTED]');
    await second.line('done      GRANT READ ON "telegraf" TO "bob"');
    expect(await names(one, 'SHOW DATABASES')).toEqual(['telegraf']);
    expect(await second.end()).toBe(0);

    const third = run([...agent, '--import', '--json']);
    const imported = await third.line('"event":"imported"');
    expect(JSON.parse(imported)).toMatchObject({ item: { kind: 'database', database: 'mine' } });
    await first.line('done      CREATE DATABASE "mine"');
    // Also what is made later.
    await other.query('CREATE DATABASE later');
    await first.line('done      CREATE DATABASE "later"');
    for (const line of third.lines) expect(() => JSON.parse(line), line).not.toThrow();
    for (const { lines } of [first, second, third]) expect(lines.join('\n')).not.toMatch(/Secr3t|\$2a\$/);
    expect(await third.end()).toBe(0);
    expect(await first.end()).toBe(0);
  });

  it('logs each version that its server is in sync with, also one that needs no statement there', async () => {
    const manager = await labManager();
    const influxd = await server();
    const client = await clientOf(manager.url);
    await client.createDatabase('d');
    const common = ['--endpoint', manager.url, '--cluster', 'prod', '--listen', ':0', '--interval', '200ms'];
    const agent = run(['agent', '--influxdb', influxd.url, '--data', await directory(), ...common]);
    await agent.line(`in sync with version ${client.status.version}:`);
    // Shard groups are each server's own; the other two changes leave nothing.
    await client.createShardGroup('d', 'autogen', 0n);
    await agent.line(`in sync with version ${client.status.version}:`);
    await client.createDatabase('gone');
    await client.dropDatabase('gone');
    await agent.line(`with version ${client.status.version}:`);
    await influxd.query('CREATE DATABASE mine');
    await agent.line('unmanaged database "mine"');
    await client.createDatabase('mine');
    await agent.line(`with version ${client.status.version}:`);
    // A manager without data gets the same metadata back, as another version.
    const before = client.status.version;
    const back = new Promise<number>((resolve) => {
      client.on('epochChanged', ({ version }) => resolve(version));
    });
    await manager.loseEverything();
    const version = await back;
    expect(version).not.toBe(before);
    await agent.line(`with version ${version}:`);
    expect(await agent.end()).toBe(0);
  }, 60_000);

  it('serves /health and /metrics, and reports when the server or the manager cannot be reached', async () => {
    const manager = await labManager();
    const influxd = await server();
    await influxd.query('CREATE DATABASE d');
    const agent = run([
      'agent',
      '--influxdb',
      influxd.url,
      '--data',
      await directory(),
      '--endpoint',
      manager.url,
      '--cluster',
      'prod',
      '--listen',
      '127.0.0.1:0',
      '--interval',
      '100ms',
    ]);
    const url = /on (http:\S+)/.exec(await agent.line('/health and /metrics'))?.[1] ?? '';
    await agent.line('in sync with');
    const health = async () => {
      const answer = await fetch(`${url}/health`);
      return [answer.status, await answer.json()];
    };
    expect(await health()).toMatchObject([
      200,
      {
        status: 'ok',
        manager: { state: 'online', cluster: 'prod' },
        influxdb: { url: influxd.url, pending: 0, unmanaged: 0 },
      },
    ]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^cflux_client_state\{cluster="prod",state="online"\} 1$/m);
    expect(metrics).toMatch(/^cflux_agent_in_sync 2$/m);
    expect(metrics).toMatch(/^cflux_agent_convergences_total\{result="ended"\} [1-9]/m);
    expect((await fetch(`${url}/nothing`)).status).toBe(404);

    await influxd.stop('SIGKILL');
    await agent.line('cannot reach InfluxDB');
    expect(await health()).toMatchObject([
      503,
      { status: 'degraded', influxdb: { error: expect.stringContaining('cannot reach') } },
    ]);
    await influxd.start();
    await agent.line('is available again');
    expect((await health())[0]).toBe(200);
    expect(await agent.end()).toBe(0);
  });

  it('without a snapshot, log, plan, report and /health name the reason, --snapshot and the affected users', async () => {
    const manager = await labManager();
    const client = await clientOf(manager.url);
    await client.createUser('ana', 'x', false);
    const influxd = await server();
    await influxd.query("CREATE USER ana WITH PASSWORD 'other'; CREATE USER bob WITH PASSWORD 'b'");
    const to = [
      '--influxdb',
      influxd.url,
      '--endpoint',
      manager.url,
      '--cluster',
      'prod',
      '--snapshot',
      '127.0.0.1:1',
    ];
    const agent = run([
      ...['agent', ...to, '--data', await directory(), '--import'],
      ...['--listen', '127.0.0.1:0', '--interval', '100ms'],
    ]);
    const url = /on (http:\S+)/.exec(await agent.line('/health and /metrics'))?.[1] ?? '';
    await agent.line('cannot import user "bob"');
    const line = await agent.line('no snapshot could be read');
    expect(line).toMatch(
      /cannot read the snapshot port of InfluxDB at 127\.0\.0\.1:1: .*--snapshot host:port/,
    );
    expect(line).toContain('passwords that cannot be verified: "ana"; users that cannot be imported: "bob"');
    await agent.line('unmanaged user "bob" (cannot be imported');
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({
      influxdb: {
        snapshotFailure: {
          reason: expect.stringContaining('--snapshot host:port'),
          unverified: ['ana'],
          notImportable: ['bob'],
        },
      },
    });
    await expect
      .poll(async () => (await client.nodes()).find(({ kind }) => kind === 'agent')?.report)
      .toMatchObject({
        influxdb: { snapshotError: expect.stringContaining('--snapshot host:port') },
        findings: [
          { kind: 'unmanaged', text: expect.stringContaining('user "bob" (cannot be imported') },
          { kind: 'unverified', text: expect.stringContaining('user "ana"') },
        ],
      });
    expect(await agent.end()).toBe(0);
    const plan = cflux(['plan', ...to]);
    expect(await plan.exit).toBe(0);
    expect(plan.lines.join('\n')).toMatch(
      /Read by SHOW: no snapshot could be read.*--snapshot host:port.*"ana".*"bob"/,
    );
  });

  it('R34: /health is 503 while the server has trouble with a statement, whatever the response, and 200 after it', async () => {
    const manager = await labManager();
    const influxd = await server();
    const proxy = await answeringProxy(influxd.url);
    proxy.respond = (text) =>
      text.startsWith('CREATE DATABASE "b"') ? { status: 503, body: 'overloaded' } : undefined;
    const client = await clientOf(manager.url);
    for (const name of ['a', 'b', 'c']) await client.createDatabase(name);
    const agent = run([
      ...['agent', '--influxdb', proxy.url, '--data', await directory(), '--endpoint', manager.url],
      ...[
        '--cluster',
        'prod',
        '--listen',
        '127.0.0.1:0',
        '--interval',
        '200ms',
        '--snapshot',
        influxd.snapshot,
      ],
    ]);
    const url = /on (http:\S+)/.exec(await agent.line('/health and /metrics'))?.[1] ?? '';
    const health = async () => {
      const answer = await fetch(`${url}/health`);
      return [answer.status, await answer.json()];
    };
    await agent.line('done      CREATE DATABASE "c"');
    await agent.line('status 503');
    expect(await health()).toMatchObject([
      503,
      { status: 'degraded', influxdb: { error: expect.stringContaining('status 503') } },
    ]);
    proxy.respond = () => undefined;
    await agent.line('is available again');
    expect((await health())[0]).toBe(200);
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['a', 'c', 'b']);
    expect(await agent.end()).toBe(0);
  });

  it('holds back more drops than one until they are confirmed', async () => {
    const manager = await labManager();
    const influxd = await server();
    const dir = await directory();
    const client = await clientOf(manager.url);
    for (const name of ['kept', 'a', 'b', 'c']) await client.createDatabase(name);
    const agent = run([
      'agent',
      '--influxdb',
      influxd.url,
      '--data',
      dir,
      '--endpoint',
      manager.url,
      '--cluster',
      'prod',
      '--listen',
      ':0',
      '--interval',
      '200ms',
      '--allow-drops',
    ]);
    await agent.line('in sync with');
    await client.dropDatabase('a');
    await agent.line('done      DROP DATABASE "a"');
    await client.mutate(async (meta) => {
      await meta.dropDatabase('b');
      await meta.dropDatabase('c');
    });
    const line = await agent.line('cflux confirm-drops');
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['kept', 'b', 'c']);
    const confirmation = /confirm-drops (\w+)/.exec(line)?.[1] ?? '';
    expect(await cflux(['confirm-drops', confirmation, '--data', dir]).exit).toBe(0);
    await agent.line('done      DROP DATABASE "c"');
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['kept']);
  });

  it('waits for the operator if the manager belongs to another cluster, and drops nothing for it', async () => {
    const manager = await labManager();
    const influxd = await server();
    const dir = await directory();
    const client = await clientOf(manager.url);
    await client.createDatabase('a');
    const args = [
      'agent',
      '--influxdb',
      influxd.url,
      '--data',
      dir,
      '--endpoint',
      manager.url,
      '--cluster',
      'prod',
      '--listen',
      ':0',
      '--interval',
      '200ms',
      '--allow-drops',
    ];
    const first = run(args);
    await first.line('in sync with');
    expect(await first.end()).toBe(0);
    await client.close();
    await manager.loseEverything();
    const stranger = await clientOf(manager.url);
    await stranger.createDatabase('z');

    const second = run(args);
    await second.line('start the agent once with --adopt');
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['a']);
    expect(await second.end()).toBe(0);
    const third = run([...args, '--adopt']);
    await third.line('done      CREATE DATABASE "z"');
    await third.line('pending   database "a": the cluster had it in an earlier history');
    expect(await third.end()).toBe(0);
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['a', 'z']);
  }, 60_000);

  it('ends right however often it is killed in the middle of a convergence', async () => {
    const manager = await labManager();
    const influxd = await server();
    const proxy = await cuttingProxy(influxd.url);
    const dir = await directory();
    await influxd.query('CREATE DATABASE mine');
    await influxd.write('mine', 'm v=1 1');
    const client = await clientOf(manager.url);
    await client.mutate(async (meta) => {
      for (const name of ['a', 'b', 'c', 'd']) {
        await meta.createDatabase(name);
        await meta.createRetentionPolicy(name, { name: 'rp', duration: '1d' }, true);
        await meta.createSubscription(name, 'rp', 's', 'ALL', ['udp://127.0.0.1:9']);
      }
    });
    const program = await cfluxProgram();
    const args = [
      'agent',
      '--influxdb',
      proxy.url,
      '--snapshot',
      influxd.snapshot,
      '--data',
      dir,
      '--endpoint',
      manager.url,
      '--cluster',
      'prod',
      '--listen',
      ':0',
      '--interval',
      '200ms',
    ];
    const start = () => spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    for (const nth of [1, 2, 3, 4]) {
      proxy.cutAt(nth, nth % 2 === 0 ? 'after' : 'before');
      const agent = start();
      const exited = once(agent, 'exit');
      await proxy.cut;
      agent.kill('SIGKILL');
      await exited;
      proxy.mend();
    }
    const last = start();
    atEnd(async () => {
      last.kill('SIGKILL');
    });
    await new Promise<void>((resolve) => {
      let output = '';
      last.stdout.on('data', (piece) => {
        output += piece;
        if (output.includes('in sync')) resolve();
      });
    });
    last.kill('SIGTERM');
    await once(last, 'exit');
    expect(last.exitCode).toBe(0);
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['mine', 'a', 'b', 'c', 'd']);
    for (const name of ['a', 'b', 'c', 'd']) {
      expect(await names(influxd, `SHOW RETENTION POLICIES ON ${name}`)).toEqual(
        expect.arrayContaining(['autogen', 'rp']),
      );
    }
    expect(await names(influxd, 'SELECT v FROM mine..m')).toHaveLength(1);
  }, 60_000);
});

describeWithServer('influxd', 'cflux plan', () => {
  it('prints what would change, as text and as JSON, and changes nothing', async () => {
    const manager = await labManager();
    const influxd = await server();
    await influxd.query('CREATE USER "mine\u001b[31m" WITH PASSWORD \'x\'');
    const client = await clientOf(manager.url);
    await client.createDatabase('a');
    await client.createUser('bob', 'Secr3t', false);
    const args = ['plan', '--influxdb', influxd.url, '--endpoint', manager.url, '--cluster', 'prod'];
    const people = cflux(args);
    expect(await people.exit).toBe(0);
    const text = people.lines.join('\n');
    expect(text).toContain('1 would change:\n  CREATE DATABASE "a" WITH DURATION INF');
    expect(text).toContain('user "bob": missing, and its password was not given');
    expect(text).toContain('unmanaged (only on this server), unchanged');
    expect(text).not.toContain('\u001b');

    const programs = cflux([...args, '--json', '--check'], { CFLUX_PASSWORDS: 'bob = "Secr3t"' });
    expect(await programs.exit).toBe(1);
    const plan = JSON.parse(programs.lines[0] ?? '');
    expect(plan.changes.map(({ statements }: { statements: string[] }) => statements)).toEqual([
      [expect.stringMatching(/^CREATE DATABASE "a"/)],
      ['CREATE USER "bob" WITH PASSWORD [REDACTED]'],
    ]);
    expect(programs.lines.join()).not.toContain('Secr3t');
    expect(await names(influxd, 'SHOW DATABASES')).toEqual([]);
    expect(await names(influxd, 'SHOW USERS')).toHaveLength(1);
    expect(await cflux([...args.slice(0, -1), 'nobody']).exit).toBe(3);
  });

  it('ends with an exit code for each kind of failure', async () => {
    const dir = await directory();
    const broken = join(dir, 'passwords.toml');
    await writeFile(broken, 'bob = "Secr3t');
    const at = ['--influxdb', 'http://127.0.0.1:1', '--endpoint', 'http://127.0.0.1:1'];
    const wrong: [args: string[], code: number, says: string][] = [
      [['agent', ...at], 2, '--data'],
      [['agent', ...at, '--data', dir, '--max-drops', 'x'], 2, 'whole number'],
      [['agent', ...at, '--data', dir, '--adopt', '--reseed'], 2, '--adopt and --reseed'],
      [
        ['agent', ...at, '--data', dir, '--username', 'a', '--password-file', '/nowhere'],
        2,
        '--password-file',
      ],
      [['agent', ...at, '--data', dir, '--passwords', broken], 2, 'invalid TOML'],
      [['agent', ...at, '--data', dir, '--influxdb', 'nonsense'], 2, 'is not a URL'],
      [['agent', ...at, '--data', dir, '--listen', '192.0.2.1:1'], 2, '--listen'],
      [['plan', ...at], 4, 'cannot reach the manager'],
    ];
    for (const [args, code, says] of wrong) {
      const { exit, lines } = cflux(args);
      expect([await exit, lines.join('\n')], args.join(' ')).toEqual([code, expect.stringContaining(says)]);
      expect(lines.join('\n')).not.toContain('Secr3t');
    }
  }, 60_000);
});
