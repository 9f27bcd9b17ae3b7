import { join } from 'node:path';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { expect, it } from 'vitest';
import { answeringProxy } from '../influxdb/support/answering-proxy.js';
import { labManager } from '../influxdb/support/fleet.js';
import { atEnd, directory, names, server } from '../influxdb/support/lab.js';
import { describeWithServer } from '../support/servers.js';
import { AgentProcess, cfluxProgram } from './agent-process.js';
import { cflux } from './lab-terminal.js';

// So long that only pings notice an outage, and only the return of a server, or a start, leads to a convergence.
const never = ['--interval', '10m'];

async function cluster() {
  const manager = await labManager();
  const client = new CfluxClient(new LocalMetaClient({ bcryptCost: 4 }), {
    cluster: 'prod',
    endpoint: manager.url,
  });
  await client.open();
  atEnd(() => client.close());
  return { manager, client };
}

const healthOf = async (url: string) => {
  const response = await fetch(`${url}/health`);
  const body = (await response.json()) as { reason?: string; influxdb: object };
  return { ...body, status: response.status };
};

/** Resolves when `cflux nodes` shows this state for the agent. */
async function showsState(endpoint: string, state: string): Promise<void> {
  await expect
    .poll(
      async () => {
        const { exit, lines } = cflux(['nodes', 'prod', '--endpoint', endpoint]);
        await exit;
        return lines.join('\n');
      },
      { timeout: 20_000, interval: 200 },
    )
    .toMatch(new RegExp(`\\s${state}\\s`));
}

describeWithServer('influxd', 'the agent of a server that dies', () => {
  it('R28: reports it in the log, /health and cflux nodes, and converges when it is back, also after its own restart', async () => {
    const { manager, client } = await cluster();
    const influxd = await server();
    const agent = new AgentProcess(
      await cfluxProgram(),
      ...['--influxdb', influxd.url, '--data', await directory(), '--endpoint', manager.url],
      ...['--cluster', 'prod', '--listen', '127.0.0.1:0', ...never],
    );
    await client.createDatabase('a');
    agent.start();
    const [, url = ''] = await agent.printed(/on (http:\S+)/);
    await agent.printed(/in sync with version/);
    await showsState(manager.url, 'up to date');
    expect(await healthOf(url)).toMatchObject({ status: 200, influxdb: { reachable: true } });

    await influxd.stop('SIGKILL');
    await agent.printed(/cannot reach InfluxDB/);
    const down = await healthOf(url);
    expect(down).toMatchObject({ status: 503, influxdb: { reachable: false } });
    expect(down.reason).toContain('cannot reach InfluxDB');
    await showsState(manager.url, 'server down');
    // Changes that the dead server misses; each leads to requests that fail in their own way.
    for (const name of ['b', 'c']) await client.createDatabase(name);
    await influxd.start();
    await agent.printed(/done {6}CREATE DATABASE "c"/);
    await agent.printed(/is available again/);
    await showsState(manager.url, 'up to date');
    expect(agent.lines.filter((line) => line.includes('retrying'))).toHaveLength(1);
    expect(agent.lines.filter((line) => line.includes('available again'))).toHaveLength(1);

    // Nothing changed while the agent was away: no event but its start leads to a look at the server.
    await influxd.query('DROP DATABASE b');
    await agent.kill();
    agent.start();
    await agent.printed(/done {6}CREATE DATABASE "b"/);
    const [, again = ''] = await agent.printed(/on (http:\S+)/);
    await expect.poll(async () => (await healthOf(again)).status).toBe(200);

    // The server dies while the agent is away.
    await agent.kill();
    await influxd.stop('SIGKILL');
    agent.start();
    const [, third = ''] = await agent.printed(/on (http:\S+)/);
    await agent.printed(/cannot reach InfluxDB/);
    expect((await healthOf(third)).reason).toContain('cannot reach InfluxDB');
    await influxd.start();
    await agent.printed(/in sync with version/);
    await expect.poll(async () => (await healthOf(third)).status).toBe(200);
  }, 120_000);
});

describeWithServer('influxd', 'an agent in this process', () => {
  async function start(influxdb: string, endpoint: string, data: string) {
    const agent = cflux([
      ...['agent', '--influxdb', influxdb, '--data', data, '--endpoint', endpoint, '--cluster', 'prod'],
      ...['--listen', '127.0.0.1:0', ...never],
    ]);
    atEnd(() => agent.end());
    const url = /on (http:\S+)/.exec(await agent.line('/health and /metrics'))?.[1] ?? '';
    return { agent, url };
  }

  it.each<[name: string, response: 'silence' | 'reset' | { status: number; body: string }, reason: string]>([
    ['hangs', 'silence', 'did not respond within'],
    ['closes connections', 'reset', 'cannot reach InfluxDB'],
    ['responds with 503', { status: 503, body: 'overloaded' }, 'status 503'],
    ['is another product', { status: 404, body: '<html>' }, 'is not one of InfluxDB 1.x'],
  ])(
    'R28: reports a server that %s, converges when it does not any more, and logs two lines',
    async (_, response, reason) => {
      const { manager, client } = await cluster();
      const influxd = await server();
      const proxy = await answeringProxy(influxd.url);
      const { agent, url } = await start(proxy.url, manager.url, await directory());
      await agent.line('in sync with version');
      proxy.respond = () => response;
      await agent.line(reason);
      const health = await healthOf(url);
      expect(health).toMatchObject({ status: 503, influxdb: { reachable: false } });
      expect(health.reason).toContain(reason);
      await showsState(manager.url, 'server down');
      // Begins a convergence whose requests, if the server hangs, never get a response.
      await client.createDatabase('missed');
      proxy.respond = () => undefined;
      await agent.line('done      CREATE DATABASE "missed"');
      await agent.line('is available again');
      await showsState(manager.url, 'up to date');
      expect(agent.lines.filter((line) => line.includes('retrying'))).toHaveLength(1);
      expect(agent.lines.filter((line) => line.includes('available again'))).toHaveLength(1);
      expect(await names(influxd, 'SHOW DATABASES')).toEqual(['missed']);
    },
    60_000,
  );

  it('has a reason for every 503, also while the manager is away', async () => {
    const { manager } = await cluster();
    const influxd = await server();
    const data = await directory();
    const away = 'http://127.0.0.1:9';
    const { agent, url } = await start(influxd.url, away, data);
    expect(await healthOf(url)).toMatchObject({ status: 503, reason: expect.stringContaining('manager') });
    expect(await agent.end()).toBe(0);
    const dead = await start(away, manager.url, join(data, 'other'));
    await dead.agent.line('cannot reach InfluxDB');
    expect(await healthOf(dead.url)).toMatchObject({
      status: 503,
      reason: expect.stringContaining('cannot reach InfluxDB'),
      influxdb: { reachable: false, error: expect.stringContaining('cannot reach InfluxDB') },
    });
  });
});
