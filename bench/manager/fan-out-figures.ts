import { median } from '../measure.js';
import type { Figure } from '../report.js';
import { openConnections, type RawConnection } from './raw-connection.js';
import { ServerChild } from './server-child.js';

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
  const server = await ServerChild.start(kind);
  const times: number[] = [];
  const cpus: number[] = [];
  try {
    let version = (
      await fetch(`${server.url}/clusters/a/versions/0`, { method: 'POST', body: 'x' })
    ).headers.get('version');
    const [first, rest] = [
      await openConnections(server.url, 1_000),
      await openConnections(server.url, waiters - 1_000),
    ];
    const all = [...first, ...rest];
    let memory = 0;
    for (let round = -1; round < rounds; round++) {
      let answers = poll(first, version);
      const few = round < 0 ? (await settled(server)).rss : 0;
      answers = [...answers, ...poll(rest, version)];
      if (round < 0) memory = ((await settled(server)).rss - few) / rest.length / 1_000;
      else await settled(server);
      const before = await server.usage();
      const begin = performance.now();
      const push = fetch(`${server.url}/clusters/a/versions/${version}`, {
        method: 'POST',
        body: Buffer.alloc(size, 'shard'),
      });
      await Promise.all(answers);
      const time = performance.now() - begin;
      version = (await push).headers.get('version');
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

/** What a poll of our client looks like. */
function poll(connections: readonly RawConnection[], version: string | null): Promise<void>[] {
  const request = (i: number) =>
    `GET /clusters/a/versions/${version} HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nConnection: keep-alive\r\n` +
    `Cflux-Mutation: 01234567-89ab-4def-8123-${String(i).padStart(12, '0')}\r\n`.replace(
      'Mutation',
      'Trace',
    ) +
    `Cflux-Node: ${1_700_000_000_000 + i}\r\nPrefer: wait=300\r\nAccept: */*\r\n\r\n`;
  return connections.map((connection, i) => connection.request(request(i)));
}

/** Its usage once all that was sent has been read, and after a garbage collection. */
async function settled(server: ServerChild) {
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await server.memory();
  return server.memory();
}
