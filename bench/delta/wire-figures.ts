import { createHash } from 'node:crypto';
import { setTimeout as pass } from 'node:timers/promises';
import { CfluxClient, encodeMetadata, LocalMetaClient } from 'clusterflux';
import { benchmarkSnapshot } from '../../test/meta/support/benchmark-snapshot.js';
import { alter, size } from '../client/altering.js';
import { startServer } from '../manager/server-child.js';
import { median } from '../measure.js';
import type { Figure } from '../report.js';
import { TrafficProxy } from './traffic-proxy.js';

const changes = 20;

/** What one change costs on the wire, and how long it takes, at some number of databases. */
interface Change {
  readonly bytes: number;
  readonly push: { readonly sent: number; readonly received: number };
  readonly poll: { readonly sent: number; readonly received: number };
  /** Milliseconds from the call to the acknowledgement, without hashing. */
  readonly time: number;
  /** Milliseconds of processor time of adopting it, without hashing. */
  readonly adopting: number;
  readonly hashing: number;
}

/** One change of one node after the other, adopted by another, over HTTP with a store in memory. */
async function changesAt(databases: number, groups: number): Promise<Change> {
  const server = await startServer('manager');
  const [ofWriter, ofReader] = [await TrafficProxy.start(server.url), await TrafficProxy.start(server.url)];
  const data = benchmarkSnapshot({ databases, groups });
  const options = { cluster: 'a' };
  const writer = new CfluxClient(new LocalMetaClient({ data }), { ...options, endpoint: ofWriter.url });
  await writer.open();
  const reader = new CfluxClient(new LocalMetaClient(), { ...options, endpoint: ofReader.url });
  await reader.open();
  const times: number[] = [];
  const adopting: number[] = [];
  let snapshot = encodeMetadata(data);
  for (let round = -5; round < changes; round++) {
    if (round === 0) {
      ofWriter.reset();
      ofReader.reset();
    }
    const begin = performance.now();
    await alter(writer, (round + 5) % databases, round + 6);
    const acknowledged = performance.now();
    const before = process.cpuUsage();
    await reader.waitForVersion(writer.status.version);
    const { user, system } = process.cpuUsage(before);
    await pass(20);
    if (round < 0) continue;
    times.push(acknowledged - begin);
    adopting.push((user + system) / 1_000);
  }
  snapshot = encodeMetadata(writer.meta.data());
  const hashing = median(
    Array.from({ length: 10 }, () => timeOf(() => createHash('sha256').update(snapshot).digest())),
  );
  const exchange = (proxy: TrafficProxy, method: string) => {
    const { sent, received, exchanges } = proxy.of(method);
    return { sent: sent / exchanges, received: received / exchanges };
  };
  const [push, poll] = [exchange(ofWriter, 'PATCH'), exchange(ofReader, 'GET')];
  await writer.close();
  await reader.close();
  ofWriter.close();
  ofReader.close();
  await server.stop();
  // The writer and the manager each hash the result of a change, the reader that of a delta.
  return {
    ...{ bytes: snapshot.length, push, poll, hashing },
    time: median(times) - 2 * hashing,
    adopting: median(adopting) - hashing,
  };
}

function timeOf(work: () => unknown): number {
  const begin = performance.now();
  work();
  return performance.now() - begin;
}

export async function run(): Promise<Figure[]> {
  const small = await changesAt(10, 0);
  const figures: Figure[] = [];
  for (const [databases, groups] of [
    [100, 0],
    [1_000, 0],
    [10_000, 0],
    [1_000, 100],
    [100_000, 0],
  ] as const) {
    const change = await changesAt(databases, groups);
    const at = `at ${databases.toLocaleString('en')} databases, ${size(change.bytes)}`;
    const bytes = (name: string, value: number) => ({ name: `${name} ${at}`, value, unit: 'B', target: 600 });
    figures.push(
      bytes('request of a push, with headers,', change.push.sent),
      bytes('response to a push, with headers,', change.push.received),
      bytes('request of a poll, with headers,', change.poll.sent),
      bytes('response to a poll, with headers,', change.poll.received),
      {
        name: `a change over HTTP, without hashing, ${at}`,
        value: change.time,
        unit: 'ms',
        floorName: `the same at ${size(small.bytes)}`,
        floor: small.time,
        ...(groups > 0 ? { target: 2 } : {}),
      },
      {
        name: `more processor time of adopting it, without hashing, than at ${size(small.bytes)}, ${at}`,
        value: change.adopting - small.adopting,
        unit: 'ms',
        ...(groups > 0 ? { target: 3 } : {}),
      },
      {
        name: `SHA-256 in a change over HTTP, of the writer and of the manager, ${at}`,
        value: 2 * change.hashing,
        unit: 'ms',
        floorName: 'the change without it',
        floor: change.time,
      },
    );
  }
  return figures;
}
