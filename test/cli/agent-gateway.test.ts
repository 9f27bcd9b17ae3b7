import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { heartbeatInterval } from '../../src/protocol/times.js';
import { exchange, query } from '../gateway/support/exchange.js';
import { seconds, tokenOf } from '../gateway/support/tokens.js';
import { labManager } from '../influxdb/support/fleet.js';
import { atEnd, directory, names, server } from '../influxdb/support/lab.js';
import { describeWithServer } from '../support/servers.js';
import { cflux, type Running } from './lab-terminal.js';

const execute = promisify(execFile);
const tls = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}.pem`, import.meta.url));

interface RunningGateway {
  readonly agent: Running;
  readonly gateway: string;
  readonly health: string;
}

/** An agent with a gateway at a free port, and the gateway's URL. */
async function agentWith(
  manager: { readonly url: string },
  influxd: { readonly url: string },
  ...more: readonly string[]
): Promise<RunningGateway> {
  const running = await startGateway(manager, influxd, ...more);
  await running.agent.line('in sync with version');
  return running;
}

async function startGateway(
  manager: { readonly url: string },
  influxd: { readonly url: string },
  ...more: readonly string[]
): Promise<RunningGateway> {
  const listen = ['--listen', ':0', '--gateway', ':0'];
  const common = ['--endpoint', manager.url, '--cluster', 'prod', '--data', await directory()];
  const agent = cflux(['agent', '--influxdb', influxd.url, ...common, ...listen, ...more]);
  atEnd(() => agent.end());
  const started = await agent.line('/health and /metrics on ');
  const line = await agent.line(`gateway before ${influxd.url} on `);
  const gateway = line.split(' on ')[1] ?? '';
  const health = started.split('/metrics on ')[1] ?? '';
  return { agent, gateway, health };
}

describeWithServer('influxd', 'cflux agent --gateway', () => {
  it('executes schema statements on the cluster, and logs each with who, from where, the version and the time', async () => {
    const manager = await labManager();
    const [one, other] = [await server(), await server()];
    const a = await agentWith(manager, one);
    const b = await agentWith(manager, other);
    const credentials = { u: 'bob', p: 'Secr3t' };
    await exchange(a.gateway, {
      ...query(`CREATE DATABASE x; CREATE USER u WITH PASSWORD 'Hidd3n'`),
      path: `/query?${new URLSearchParams(credentials)}`,
    });
    const line = await a.agent.line('statement CREATE USER u WITH PASSWORD [REDACTED]');
    expect(line).toMatch(/ executed version \d+ in [0-9.]+ ms for bob at 127\.0\.0\.1$/);
    await b.agent.line('done      CREATE DATABASE "x"');
    expect(await names(other, 'SHOW DATABASES')).toEqual(['x']);
    const failing = await exchange(b.gateway, query('DROP SUBSCRIPTION s ON x.nope'));
    expect(failing.body).toContain('retention policy not found');
    await exchange(b.gateway, query('CREATE RETENTION POLICY p ON nope DURATION 1d REPLICATION 1'));
    await b.agent.line(
      'statement CREATE RETENTION POLICY p ON nope DURATION 1d REPLICATION 1  failed (database not found: nope) in ',
    );
    for (const { agent } of [a, b]) expect(agent.lines.join('\n')).not.toMatch(/Secr3t|Hidd3n/);
    const metrics = await (await fetch(`${a.health}/metrics`)).text();
    expect(metrics).toContain('cflux_gateway_requests_total{class="executed"} 1');
    expect(metrics).toContain('cflux_gateway_statements_total{result="done"} 2');
    expect(metrics).toContain('cflux_gateway_wait_seconds_count{peer="manager"} 2');
    expect(metrics).toContain('cflux_gateway_added_seconds_count 1');
    const health = await (await fetch(`${a.health}/health`)).json();
    expect(health).toMatchObject({
      status: 'ok',
      manager: { state: 'online' },
      influxdb: { url: one.url },
      gateway: { url: a.gateway },
    });
  });

  it('--wait all: a statement is done when every server has it', async () => {
    // Nodes stay alive between two heartbeats.
    const manager = await labManager(heartbeatInterval + 2_000);
    const [one, other] = [await server(), await server()];
    const a = await agentWith(manager, one, '--wait', 'all');
    await agentWith(manager, other);
    const success = '{"results":[{"statement_id":0}]}\n';
    const create = async (name: string) => (await exchange(a.gateway, query(`CREATE DATABASE ${name}`))).body;
    // A manager that has just started does not know all nodes before one time to live.
    await expect.poll(() => create('first')).toBe(success);
    for (const name of ['x', 'y', 'z']) {
      expect(await create(name)).toBe(success);
      expect(await names(other, 'SHOW DATABASES')).toContain(name);
    }
  });

  it('serves https, with certificates from files', async () => {
    const manager = await labManager();
    const influxd = await server();
    const { gateway } = await agentWith(
      manager,
      influxd,
      '--gateway-tls-cert',
      tls('server'),
      '--gateway-tls-key',
      tls('server-key'),
    );
    expect(gateway).toMatch(/^https:/);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const outgoing = request(
        `${gateway}/ping`,
        { ca: readFileSync(tls('ca')), servername: 'localhost' },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      outgoing.on('error', reject);
      outgoing.end();
    });
    expect(status).toBe(204);
  });

  it.each([
    ['a certificate without its key', ['--gateway-tls-cert', tls('server')], /need each other/],
    ['a port that is not free', ['--gateway', 'MANAGER'], /cannot listen on 127\.0\.0\.1:/],
  ])('refuses to start with %s, and reports it', async (_, more, message) => {
    const manager = await labManager();
    const influxd = await server();
    const agent = cflux([
      'agent',
      '--influxdb',
      influxd.url,
      '--endpoint',
      manager.url,
      '--data',
      await directory(),
      '--listen',
      ':0',
      ...(more.includes('--gateway') ? [] : ['--gateway', ':0']),
      ...more.map((value) => (value === 'MANAGER' ? new URL(manager.url).host : value)),
    ]);
    expect(await agent.exit).not.toBe(0);
    expect(agent.lines.join('\n')).toMatch(message);
  });

  it.each([
    [['--wait', 'all'], '--wait: needs --gateway'],
    [['--gateway', ':0', '--wait', 'some'], 'Allowed choices are own, all'],
  ])('refuses %j', async (flags, message) => {
    const agent = cflux(['agent', '--data', await directory(), ...flags]);
    expect(await agent.exit).not.toBe(0);
    expect(agent.lines.join('\n')).toContain(message);
  });

  it('refuses the port of the server itself', async () => {
    const agent = cflux(['agent', '--data', await directory(), '--gateway', ':8086']);
    expect(await agent.exit).not.toBe(0);
    expect(agent.lines.join('\n')).toMatch(
      /port 8086 is that of --influxdb .*move the server to another port/,
    );
  });
});

describeWithServer('influx', 'the influx client at a gateway', () => {
  it('creates, writes, reads and drops, and reports errors as of a server', async () => {
    const manager = await labManager();
    const influxd = await server();
    const { gateway } = await agentWith(manager, influxd);
    const { hostname, port } = new URL(gateway);
    const influx = async (text: string) => {
      const { stdout } = await execute('influx', [
        '-host',
        hostname,
        '-port',
        port,
        '-format',
        'csv',
        '-execute',
        text,
      ]);
      return stdout;
    };
    expect(await influx('CREATE DATABASE x')).toBe('');
    expect(await influx('INSERT INTO x.autogen m v=1 1')).toBe('');
    expect(await influx('SELECT v FROM x..m')).toBe('name,time,v\nm,1,1\n');
    expect(
      await influx('CREATE RETENTION POLICY p ON x DURATION 2d REPLICATION 1; SHOW RETENTION POLICIES ON x'),
    ).toContain('p,48h0m0s,24h0m0s,1,false');
    await expect(influx('DROP USER nobody')).rejects.toMatchObject({
      stdout: expect.stringContaining('user not found'),
    });
    await expect(influx('CREATE DATABASE')).rejects.toMatchObject({
      stdout: expect.stringContaining('error parsing query: found EOF, expected identifier at line 1'),
    });
    expect(await influx('DROP DATABASE x')).toBe('');
    expect(await names(influxd, 'SHOW DATABASES')).toEqual([]);
  });
});

describeWithServer('influxd', 'cflux agent --gateway before a server that requires authentication', () => {
  it('R32, R33, R35: lets users of the cluster in, logs each that it makes on the server, and counts logins', async () => {
    const manager = await labManager();
    const servers = [await server({ auth: true, sharedSecret: 'shh' }), await server({ auth: true })];
    const dir = await directory();
    await writeFile(join(dir, 'password'), 'r00t\n', { mode: 0o600 });
    await writeFile(join(dir, 'secret'), 'shh\n', { mode: 0o600 });
    const account = ['--username', 'root', '--password-file', join(dir, 'password')];
    const flags = ['--jwt-secret-file', join(dir, 'secret'), '--refuse-browsers'];
    const [a, b] = await Promise.all(
      servers.map((each) => startGateway(manager, each, ...account, ...flags)),
    );
    if (a === undefined || b === undefined) throw new Error('no agents');
    const found = query(`CREATE USER root WITH PASSWORD 'r00t' WITH ALL PRIVILEGES`);
    // As soon as the agent has joined the cluster.
    await expect
      .poll(async () => (await exchange(a.gateway, found)).body, { timeout: 60_000 })
      .not.toContain('error');
    for (const { agent } of [a, b]) await agent.line('in sync with version');
    const as = (name: string, password: string, text: string, headers = {}) => ({
      ...query(text),
      headers: {
        ...query(text).headers,
        Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
        ...headers,
      },
    });
    await exchange(a.gateway, as('root', 'r00t', `CREATE USER bob WITH PASSWORD 'Hidd3n'`));
    expect((await exchange(b.gateway, as('bob', 'Wr0ng', 'SHOW DATABASES'))).status).toBe(401);
    expect((await exchange(b.gateway, as('bob', 'Hidd3n', 'SHOW DATABASES'))).status).toBe(200);
    expect(await b.agent.line('user "bob"  made on the server')).toMatch(/ in [0-9.]+ ms, at a login$/);
    const line = await a.agent.line('statement CREATE USER bob WITH PASSWORD [REDACTED]');
    expect(line).toMatch(/ for root at 127\.0\.0\.1$/);
    const ofPage = { Origin: 'http://evil.example', 'Sec-Fetch-Site': 'cross-site' };
    const refused = await exchange(a.gateway, as('root', 'r00t', 'CREATE DATABASE x', ofPage));
    expect(refused).toMatchObject({ status: 403, body: expect.stringContaining('request refused: ') });
    expect((await exchange(a.gateway, as('root', 'r00t', 'SHOW DATABASES', ofPage))).status).toBe(200);
    const token = tokenOf({ username: 'root', exp: seconds() + 60 }, 'shh');
    const byToken = {
      ...query('SHOW USERS'),
      headers: { ...query('').headers, Authorization: `Bearer ${token}` },
    };
    expect((await exchange(a.gateway, byToken)).body).toContain('["bob",false]');
    // This server has no secret, so it refuses what the cluster accepts.
    expect(await exchange(b.gateway, byToken)).toMatchObject({
      status: 503,
      body: expect.stringContaining('shared-secret'),
    });
    const metrics = await (await fetch(`${b.health}/metrics`)).text();
    expect(metrics).toContain('cflux_gateway_logins_total{result="refused"} 1');
    expect(metrics).toContain('cflux_gateway_users_total{action="made"} 1');
    expect(metrics).toMatch(/cflux_gateway_bcrypt_seconds_count [23]/);
    for (const { agent } of [a, b]) expect(agent.lines.join('\n')).not.toMatch(/Hidd3n|Wr0ng|r00t/);
  });

  it.each([
    ['--jwt-secret-file', ['--jwt-secret-file', tls('ca')]],
    ['--refuse-browsers', ['--refuse-browsers']],
  ])('%s needs --gateway', async (name, flags) => {
    const agent = cflux(['agent', '--data', await directory(), ...flags]);
    expect(await agent.exit).not.toBe(0);
    expect(agent.lines.join('\n')).toContain(`${name}: needs --gateway`);
  });
});
