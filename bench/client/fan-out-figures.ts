import { setTimeout as pass } from 'node:timers/promises';
import { CfluxClient, encodeMetadata, LocalMetaClient, type MetaData } from 'clusterflux';
import { benchmarkSnapshot } from '../../test/meta/support/benchmark-snapshot.js';
import { median } from '../measure.js';
import type { Figure } from '../report.js';
import { alter, size } from './altering.js';
import type { Setting } from './setting.js';

const nodes = 100;
const changes = 30;
const fanOutData = benchmarkSnapshot({ groups: 1 });

/** Makes one change; resolves, for every node, with the milliseconds from its acknowledgement until the node had it (0 if it had it before). */
type Change = () => Promise<number[]>;

export interface FleetOptions {
  readonly cluster: string;
  /** Default: 100. */
  readonly count?: number;
  /** The metadata of the cluster. All nodes share its records, because a process has no room for a hundred copies. */
  readonly data?: MetaData;
}

/** A change of one node, taken up by the others. */
export async function clientsOf(
  setting: Setting,
  { cluster, count = nodes, data = fanOutData }: FleetOptions,
): Promise<{ writer: CfluxClient; change: Change; close: () => Promise<void> }> {
  const options = { ...setting.options, cluster };
  const writer = new CfluxClient(new LocalMetaClient({ data }), options);
  await writer.open();
  const readers = Array.from(
    { length: count },
    () => new CfluxClient(new LocalMetaClient({ data }), options),
  );
  for (const reader of readers) await reader.open();
  let round = 0;
  return {
    writer,
    async change() {
      const applied = readers.map(
        (reader) =>
          new Promise<number>((resolve) => {
            reader.once('synced', () => resolve(performance.now()));
          }),
      );
      await alter(writer, round % data.databases.length, ++round);
      return since(performance.now(), applied);
    },
    async close() {
      for (const client of [writer, ...readers]) await client.close();
    },
  };
}

/** The same bytes from one bare push to bare polls that are held. */
async function bareOf(setting: Setting): Promise<Change> {
  const bytes = encodeMetadata(fanOutData);
  const cluster = 'bare-fan-out';
  let base = await setting.push(cluster, 0, bytes);
  return async () => {
    const applied = Array.from({ length: nodes }, async () => {
      await setting.poll(cluster, base);
      return performance.now();
    });
    await held();
    base = await setting.push(cluster, base, bytes);
    return since(performance.now(), applied);
  };
}

async function since(acknowledged: number, applied: readonly Promise<number>[]): Promise<number[]> {
  const times = await Promise.all(applied);
  return times.map((time) => Math.max(0, time - acknowledged));
}

/** Time for every poll to arrive and be held. */
const held = () => pass(300);

export async function fanOutFigures(setting: Setting): Promise<Figure[]> {
  const clients = await clientsOf(setting, { cluster: 'fan-out' });
  const bare = await bareOf(setting);
  const delays = { clients: [] as number[], bare: [] as number[] };
  for (let round = -3; round < changes; round++) {
    await held();
    const ofClients = await clients.change();
    const ofBare = await bare();
    if (round < 0) continue;
    delays.clients.push(...ofClients);
    delays.bare.push(...ofBare);
  }
  await clients.close();
  const name = `${setting.name}: from acknowledged to applied on ${nodes} nodes, snapshots of ${size(encodeMetadata(fanOutData).length)}`;
  const figure = (which: string, of: (values: readonly number[]) => number): Figure => {
    const value = of(delays.clients);
    const floor = of(delays.bare);
    // In one process the polls get their responses before the push does, so that there is nothing to compare with.
    if (floor === 0)
      return { name: `${name}, ${which} (bare long polls: before the acknowledgement)`, value, unit: 'ms' };
    return { name: `${name}, ${which}`, value, unit: 'ms', floorName: 'bare long polls', floor };
  };
  return [figure('median', median), figure('99th percentile', percentile99)];
}

function percentile99(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN;
}
