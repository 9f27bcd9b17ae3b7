import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { middlePair, type Pair } from '../measure.js';
import type { MeasuredChild } from '../measured-child.js';
import type { Figure } from '../report.js';
import { openConnections, type RawConnection } from './raw-connection.js';
import { startServer } from './server-child.js';

const connections = 32;
const beats = 3_200;
const rounds = 41;

/** What our own nodes send along. */
const progress =
  'Cflux-Instance: 5f0c6b7e-1d4b-4b7e-9c55-0a4b1f1b7d11\r\nCflux-Version: 1790000000000\r\nCflux-Epoch: 3yBhXn3qS5mYkq1mW0aZ0g\r\n';

/** Microseconds of the server's CPU for one heartbeat, beside a bare handler of node:http. */
export async function heartbeatFigures(): Promise<Figure[]> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-bench-'));
  const manager = await startServer('manager', dir);
  const bare = await startServer('bare-heartbeat');
  try {
    const registration = { method: 'POST', body: '{"ip":"10.0.0.1,","hostname":"h","bindAddress":"h:8086"}' };
    const answer = await fetch(`${manager.url}/nodes/default`, registration);
    const { id } = (await answer.json()) as { id: number };
    const request = `PUT /nodes/default/${id} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: cflux\r\nAccept: */*\r\nContent-Length: 0\r\n${progress}\r\n`;
    const lines = {
      manager: await openConnections(manager.url, connections),
      bare: await openConnections(bare.url, connections),
    };
    const pairs: Pair[] = [];
    // Until the compiler has settled.
    for (let round = -12; round < rounds; round++) {
      const ours = await costOf(manager, lines.manager, request);
      const floor = await costOf(bare, lines.bare, request);
      if (round >= 0) pairs.push({ ours, floor });
    }
    for (const connection of [...lines.manager, ...lines.bare]) connection.close();
    const { ours, floor } = middlePair(pairs);
    return [
      {
        name: 'CPU of a heartbeat',
        value: ours,
        unit: 'µs',
        floorName: 'a bare node:http handler',
        floor,
        target: 1.3,
      },
    ];
  } finally {
    await Promise.all([manager.stop(), bare.stop()]);
    await rm(dir, { recursive: true });
  }
}

async function costOf(
  server: MeasuredChild,
  lines: readonly RawConnection[],
  request: string,
): Promise<number> {
  const before = await server.usage();
  const each = async (connection: RawConnection) => {
    for (let heartbeat = 0; heartbeat < beats / connections; heartbeat++) await connection.request(request);
  };
  await Promise.all(lines.map(each));
  return (((await server.usage()).cpu - before.cpu) / beats) * 1_000;
}
