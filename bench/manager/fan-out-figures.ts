import { randomBytes } from 'node:crypto';
import { median } from '../measure.js';
import type { MeasuredChild } from '../measured-child.js';
import type { Figure } from '../report.js';
import { openConnections, type RawConnection } from './raw-connection.js';
import { startServer } from './server-child.js';

const waiters = 10_000;
const size = 50 * 1024;
const rounds = 5;

/** Ten thousand polls that are held: what each keeps, and how long a change takes to the last of them. */
export async function fanOutFigures(): Promise<Figure[]> {
  const manager = await fanOut('manager');
  const bare = await fanOut('bare-fan-out');
  return [
    {
      name: 'memory of a held poll, of 10,000',
      value: manager.memory,
      unit: 'KB',
      target: 12,
    },
    { name: 'memory of a connection that waits, of 10,000, bare', value: bare.memory, unit: 'KB' },
    {
      name: '50 KiB to 10,000 waiting polls',
      value: manager.time,
      unit: 'ms',
      floorName: 'a bare node:http fan-out of one shared buffer',
      floor: bare.time,
      target: 1.5,
    },
    {
      name: "the manager's CPU for that",
      value: manager.cpu,
      unit: 'ms',
      floorName: 'bare',
      floor: bare.cpu,
    },
  ];
}

async function fanOut(kind: 'manager' | 'bare-fan-out') {
  const server = await startServer(kind);
  const times: number[] = [];
  const cpus: number[] = [];
  try {
    let position = await push(server, { version: '0', epoch: null }, Buffer.from('x'));
    const [first, rest] = [
      await openConnections(server.url, 1_000),
      await openConnections(server.url, waiters - 1_000),
    ];
    const all = [...first, ...rest];
    let memory = 0;
    for (let round = -1; round < rounds; round++) {
      let answers = poll(first, position);
      const few = round < 0 ? (await settled(server)).rss : 0;
      answers = [...answers, ...poll(rest, position)];
      if (round < 0) memory = ((await settled(server)).rss - few) / rest.length / 1_000;
      else await settled(server);
      const before = await server.usage();
      const begin = performance.now();
      // Bytes that do not compress: as many are sent as from the bare server.
      const pushed = push(server, position, randomBytes(size));
      await Promise.all(answers);
      const time = performance.now() - begin;
      position = await pushed;
      const { cpu } = await server.usage();
      if (round < 0) continue;
      times.push(time);
      cpus.push(cpu - before.cpu);
    }
    for (const connection of all) connection.close();
    return { time: median(times), cpu: median(cpus), memory };
  } finally {
    await server.stop();
  }
}

interface Position {
  readonly version: string | null;
  readonly epoch: string | null;
}

/** What a poll of our client looks like. */
function poll(connections: readonly RawConnection[], { version, epoch }: Position): Promise<void>[] {
  const before = `GET /clusters/a/versions/${version} HTTP/1.1\r\nhost: 127.0.0.1:8000\r\nconnection: keep-alive\r\n`;
  const known = epoch === null ? '' : `cflux-epoch: ${epoch}\r\n`;
  const after =
    'prefer: wait=300\r\naccept: */*\r\naccept-language: *\r\nsec-fetch-mode: cors\r\nuser-agent: node\r\n' +
    'accept-encoding: gzip, deflate\r\n\r\n';
  return connections.map((connection, i) =>
    connection.request(`${before}${known}cflux-node: ${1_700_000_000_000 + i}\r\n${after}`),
  );
}

async function push(server: MeasuredChild, { version }: Position, body: Buffer): Promise<Position> {
  const { headers } = await fetch(`${server.url}/clusters/a/versions/${version}`, { method: 'POST', body });
  return { version: headers.get('version'), epoch: headers.get('cflux-epoch') };
}

/** Its usage once all that was sent has been read, and after a garbage collection. */
async function settled(server: MeasuredChild) {
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await server.memory();
  return server.memory();
}
