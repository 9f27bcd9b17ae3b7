import { CfluxClient, encodeMetadata, LocalMetaClient, type MetaData } from '../../src/index.js';
import { benchmarkSnapshot } from '../../test/meta/support/benchmark-snapshot.js';
import { measurePair } from '../measure.js';
import type { Figure } from '../report.js';
import { alter, size } from './altering.js';
import type { Setting } from './setting.js';

async function openClient(
  setting: Setting,
  cluster: string,
  data: MetaData,
): Promise<CfluxClient<LocalMetaClient>> {
  const client = new CfluxClient(new LocalMetaClient({ data }), { ...setting.options, cluster });
  await client.open();
  return client;
}

/** One change after the other: each is pushed before the next is asked for. */
async function sequentialFigure(setting: Setting, databases: number, groups: number): Promise<Figure> {
  const data = benchmarkSnapshot({ databases, groups });
  const bytes = encodeMetadata(data);
  const client = await openClient(setting, `sequential-${databases}-${groups}`, data);
  const memory = new LocalMetaClient({ data });
  const inBatch = bytes.length > 1e6 ? 5 : 25;
  let round = 0;
  let base = 0;
  const { ours, floor } = await measurePair(
    async () => {
      for (let i = 0; i < inBatch; i++) await alter(client, i % databases, ++round);
    },
    async () => {
      for (let i = 0; i < inBatch; i++) {
        base = await setting.push(`bare-${databases}-${groups}`, base, bytes);
        await alter(memory, i % databases, ++round);
      }
    },
  );
  await client.close();
  return {
    name: `${setting.name}: one change after the other, snapshots of ${size(bytes.length)}`,
    value: ours / inBatch,
    unit: 'ms',
    floorName: `${setting.name === 'HTTP' ? 'a bare ky POST' : 'a bare push'} of the same bytes and the same change in memory`,
    floor: floor / inBatch,
    ...(setting.name === 'HTTP' ? { target: 1.6 } : {}),
  };
}

const callers = 64;

/** Many callers on one node, each altering a database of its own among a thousand. */
async function concurrentFigure(setting: Setting, groups: number): Promise<Figure> {
  const data = benchmarkSnapshot({ groups });
  const client = await openClient(setting, `concurrent-${groups}`, data);
  const sequentially = 10;
  const each = 10;
  let round = 0;
  const { ours, floor } = await measurePair(
    () =>
      Promise.all(
        Array.from({ length: callers }, async (_, caller) => {
          for (let i = 0; i < each; i++) await alter(client, caller * 15 + i, ++round);
        }),
      ),
    async () => {
      for (let i = 0; i < sequentially; i++) await alter(client, i, ++round);
    },
  );
  await client.close();
  return {
    name: `${setting.name}: ${callers} callers altering one of 1,000 databases, snapshots of ${size(encodeMetadata(data).length)}`,
    value: (callers * each * 1_000) / ours,
    unit: 'changes/s',
    floorName: 'one caller',
    floor: (sequentially * 1_000) / floor,
    target: 15,
    atLeast: true,
  };
}

export async function changeFigures(setting: Setting): Promise<Figure[]> {
  return [
    await sequentialFigure(setting, 10, 1),
    await sequentialFigure(setting, 1_000, 1),
    await sequentialFigure(setting, 1_000, 100),
    await concurrentFigure(setting, 1),
    await concurrentFigure(setting, 100),
  ];
}
