/**
 * Three real InfluxDB 1.x servers follow one cluster, each with a `cflux agent` beside it. On the way a server is down through
 * fifty changes, an agent is killed, and the manager loses everything it knew.
 * At the end it compares the servers, and exits with 1 if they differ or a point was lost.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { readInfluxMetadata } from 'clusterflux/influxdb';
import { freePort, type Influxd, startInfluxd } from '../../test/support/influxd.js';
import { CfluxProcess } from './cflux-process.js';

const say = (text: string) => console.log(`  ${text}`);
const step = (text: string) => console.log(`\n\x1b[1m${text}\x1b[0m`);

const folder = await mkdtemp(join(tmpdir(), 'clusterflux-demo-'));
const servers = await Promise.all(['a', 'b', 'c'].map(() => startInfluxd()));
const [a, b, c] = servers;
if (!a || !b || !c) throw new Error('three servers');

const endpoint = `http://127.0.0.1:${await freePort()}`;
const manager = new CfluxProcess([
  'manager',
  '--memory',
  '--listen',
  endpoint.replace('http://', ''),
  '--node-ttl',
  '2s',
]);
/** What agents logged, without their names: what several of them log is shown once. */
const shownLines = new Set<string>();
const agents = servers.map((server, at) => agentOf('abc'.charAt(at), server));
const [agentA, agentB, agentC] = agents;
if (!agentA || !agentB || !agentC) throw new Error('three agents');

/** Shows what is new in the log of an agent. */
function report(name: string, line: string): void {
  const text = line.replace(/^\S+ /, '').replace(/[:;] .*/, '');
  if (!/^(imported|unmanaged|pending|the manager lost its history)/.test(text)) return;
  // What is imported is not the cluster's until then.
  const imported = text.replace(/^unmanaged(.*)/, 'imported $1 into the cluster');
  if (shownLines.has(text) || shownLines.has(imported)) return;
  shownLines.add(text);
  say(`agent ${name}: ${text}`);
}

function agentOf(name: string, { url }: Influxd): CfluxProcess {
  const args = ['--influxdb', url, '--endpoint', endpoint, '--cluster', 'demo', '--data', join(folder, name)];
  return new CfluxProcess(['agent', ...args, '--listen', ':0', '--allow-drops'], (line) =>
    report(name, line),
  );
}

/** What `server` shows, by name: databases with their policies, users; without the database that only one server has. */
async function shown({ url }: Influxd): Promise<string> {
  const { databases, users } = await readInfluxMetadata(url);
  const shared = databases.filter(({ name }) => name !== 'notes');
  const policies = shared.map(({ name, retentionPolicies }) => {
    const list = retentionPolicies.map((policy) => `${policy.name} ${policy.duration}`).sort();
    return `${name}: ${list.join(', ')}`;
  });
  return JSON.stringify([policies.sort(), users.map(({ name }) => name).sort()]);
}

/** Resolves when all servers show the same, with `newest` among it. */
async function agree(newest: string): Promise<void> {
  for (;;) {
    const all = await Promise.all(servers.map(shown));
    if (new Set(all).size === 1 && all[0]?.includes(newest)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function timed(text: string, work: () => Promise<void>): Promise<void> {
  const begin = performance.now();
  await work();
  say(`${text} after ${((performance.now() - begin) / 1000).toFixed(1)} s`);
}

async function pointsOf(server: Influxd): Promise<number> {
  const answer = await server.query('SELECT count(v) FROM telegraf..cpu');
  return Number(answer.results?.[0]?.series?.[0]?.values?.[0]?.[1] ?? 0);
}

const client = new CfluxClient(new LocalMetaClient(), { endpoint, cluster: 'demo', heartbeatInterval: 500 });

try {
  step('A manager, and a server that has been in use; its agent seeds the cluster');
  manager.start();
  await manager.line('listening');
  await a.query(
    'CREATE DATABASE telegraf; CREATE RETENTION POLICY month ON telegraf DURATION 30d REPLICATION 1',
  );
  await a.query("CREATE USER grafana WITH PASSWORD 'x'; GRANT READ ON telegraf TO grafana");
  await a.write('telegraf', Array.from({ length: 100 }, (_, at) => `cpu v=${at} ${at}`).join('\n'));
  const seeded = agentA.line('in sync');
  agentA.start();
  await seeded;

  step('Two more servers follow it; one has a database of its own, which stays its own');
  process.env['CFLUX_PASSWORDS'] = 'grafana = "x"';
  await b.query('CREATE DATABASE notes');
  const joined = Promise.all([agentB.line('in sync'), agentC.line('in sync')]);
  agentB.start();
  agentC.start();
  await joined;
  for (const server of [b, c]) await server.write('telegraf', 'cpu v=1 1');
  await timed('all three show the same', () => agree('telegraf'));

  step('A program changes the cluster; every server has it');
  await client.open();
  await timed('a database, a policy and a user on all three', async () => {
    await client.createDatabase('sensors');
    await client.createRetentionPolicy('sensors', { name: 'week', duration: '7d' }, true);
    await client.updateRetentionPolicy('telegraf', 'month', { duration: '60d' }, false);
    await agree(`month ${60n * 86_400_000_000_000n}`);
  });

  step('Server c is killed, misses fifty changes, and comes back; agent b is killed meanwhile');
  await c.stop('SIGKILL');
  for (let at = 0; at < 50; at++) {
    await client.createDatabase(`project ${at}`);
    if (at === 25) await agentB.kill('SIGKILL');
  }
  agentB.start();
  await c.start();
  await timed('all three show the same', () => agree('project 49'));

  step('The manager is killed, and starts again without any memory');
  await manager.kill('SIGKILL');
  const started = manager.line('listening');
  manager.start();
  await started;
  await client.createDatabase('after');
  await timed('all three show the same, and nothing was dropped', () => agree('after'));

  step('What the servers have now');
  const points = await Promise.all(servers.map(pointsOf));
  const all = await Promise.all(servers.map(({ url }) => readInfluxMetadata(url)));
  const counts = all.map(({ databases }) => databases.length).join(', ');
  say(`databases: ${counts}; points in telegraf: ${points.join(', ')}`);
  const isGood = counts === '53, 54, 53' && points.join() === '100,1,1';
  say(isGood ? 'as it should be' : 'NOT as it should be: 53, 54, 53 databases and 100, 1, 1 points');
  process.exitCode = isGood ? 0 : 1;
} finally {
  await client.close();
  for (const agent of agents) await agent.kill('SIGTERM');
  await manager.kill('SIGTERM');
  for (const server of servers) await server.remove();
  await rm(folder, { recursive: true, force: true });
}
