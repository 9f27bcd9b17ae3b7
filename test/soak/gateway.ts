import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readArguments, refuse } from '../../scripts/program-arguments.js';
import { createManagerServer, Manager, MemoryStore } from '../../src/manager/index.js';
import { bundle } from '../support/bundle.js';
import { freePort, startInfluxd } from '../support/influxd.js';
import { grows, type Point, trendOf } from './trend.js';

const say = (line: string) => process.stdout.write(`${line}\n`);
const help = `npm run soak:gateway -- [options]
  --minutes N  at least 1 (default: 10)
A gateway under load; ends with 1 if a resource grows or a response is wrong.`;

const { values } = readArguments(help, { options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
if (!(minutes >= 1)) refuse('--minutes must be a number of at least 1', help);

/** Milliseconds between two samples. */
const pause = 5_000;
/** Growth below this is noise. */
const least: Readonly<Record<string, number>> = { resident: 20e6, descriptors: 5 };

const dir = await mkdtemp(join(tmpdir(), 'cflux-gateway-soak-'));
const manager = new Manager({ store: new MemoryStore() });
const served = await createManagerServer(manager, { port: 0 });
const influxd = await startInfluxd();
const port = await freePort();
const agent = await startAgent();
const url = `http://127.0.0.1:${port}`;
const lines = Array.from({ length: 1_000 }, (_, at) => `cpu,host=s${at % 10} v=${at} ${at}`).join('\n');
const counts: Record<string, number> = {};
const complaints = new Set<string>();
const end = performance.now() + minutes * 60_000;
const isOver = () => performance.now() >= end;

/** An agent with a gateway in a process of its own, as users run it. */
async function startAgent(): Promise<ChildProcess> {
  const program = await bundle(fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)));
  const place = ['--influxdb', influxd.url, '--endpoint', served.url, '--cluster', 'soak', '--data', dir];
  const own = ['--allow-drops', '--listen', '127.0.0.1:0', '--gateway', `127.0.0.1:${port}`];
  const child = spawn(process.execPath, [program, 'agent', ...place, ...own], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.setEncoding('utf8');
  let output = '';
  while (!output.includes('in sync with version')) output += String((await once(child.stdout, 'data'))[0]);
  child.stdout.resume();
  return child;
}

/** Sends one request; resolves with its status and body. */
function send(path: string, body = '', method = 'POST'): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}${path}`, { method }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (piece) => {
        text += piece;
      });
      incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
      incoming.once('error', reject);
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

const ask = (text: string, more = '') => send(`/query?q=${encodeURIComponent(text)}${more}`);

async function expectSuccess(text: string): Promise<void> {
  const response = await ask(text);
  if (response.status !== 200 || response.text.includes('"error"'))
    complaints.add(`${text.replace(/\d+/g, 'N')}: ${response.text.trim()}`);
}

/** A client that breaks off within a request, or a response. */
async function breakOff(): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('POST /write?db=load HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\ncpu v=1');
  await sleep(5);
  socket.destroy();
}

const kinds: Readonly<Record<string, (count: number) => Promise<unknown>>> = {
  writes: async () => {
    const { status, text } = await send('/write?db=load', lines);
    if (status !== 204) complaints.add(`write: ${text.trim()}`);
  },
  queries: () => ask('SELECT * FROM cpu LIMIT 10000', '&db=load&chunked=true'),
  statements: async (count) => {
    const name = `d${count % 50}`;
    for (const text of [
      `CREATE DATABASE ${name}`,
      `CREATE RETENTION POLICY p ON ${name} DURATION 1d REPLICATION 1`,
      `CREATE USER u WITH PASSWORD 'u'`,
      `GRANT READ ON ${name} TO u`,
      'DROP USER u',
      `DROP DATABASE ${name}`,
    ])
      await expectSuccess(text);
  },
  refusals: (count) => ask(count % 2 === 0 ? 'CREATE DATABASE' : 'DROP USER nobody; CREATE DATABASE never'),
  missing: () => send('/write?db=nowhere', 'm v=1'),
  broken: breakOff,
};

async function repeat(name: string, one: (count: number) => Promise<unknown>): Promise<void> {
  for (let count = 0; !isOver(); count += 1) {
    await one(count).catch((error: unknown) => complaints.add(`${name}: ${String(error)}`));
    counts[name] = count + 1;
    await sleep(20);
  }
}

const series = new Map<string, Point[]>([
  ['resident', []],
  ['descriptors', []],
]);

async function watch(): Promise<void> {
  const begun = performance.now();
  while (!isOver()) {
    const time = (performance.now() - begun) / 60_000;
    const status = await readFile(`/proc/${agent.pid}/status`, 'utf8');
    const resident = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1_024;
    series.get('resident')?.push({ time, value: resident });
    const descriptors = (await readdir(`/proc/${agent.pid}/fd`)).length;
    series.get('descriptors')?.push({ time, value: descriptors });
    await sleep(pause);
  }
}

say(`a gateway, ${minutes} minutes: ${Object.keys(kinds).join(', ')}`);
try {
  await expectSuccess('CREATE DATABASE load');
  await Promise.all([watch(), ...Object.entries(kinds).map(([name, one]) => repeat(name, one))]);
} finally {
  const exited = once(agent, 'exit');
  agent.kill('SIGTERM');
  await exited;
  await served.close();
  await manager.close();
  await influxd.remove();
  await rm(dir, { recursive: true, force: true });
}
for (const [name, points] of series) {
  const trend = trendOf(points, minutes * 0.25);
  if (grows(trend, least[name] ?? 0)) complaints.add(`${name} grows`);
  const unit = name === 'resident' ? 1e6 : 1;
  say(
    `${name.padEnd(12)} mean ${(trend.mean / unit).toFixed(1)}, ${(trend.slope / unit).toFixed(2)} a minute, ${trend.samples} samples`,
  );
}
say(
  `counts       ${Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')}`,
);
for (const complaint of [...complaints].slice(0, 20)) say(`WRONG        ${complaint}`);
say(
  `verdict      ${complaints.size === 0 ? 'memory and descriptors are flat, and every statement was executed' : 'WRONG'}`,
);
process.exit(complaints.size === 0 ? 0 : 1);
