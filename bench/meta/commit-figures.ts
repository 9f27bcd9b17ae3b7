import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { mkdtemp, open, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeMetadata, LocalMetaClient } from 'clusterflux';
import { benchmarkSnapshot } from '../../test/meta/support/benchmark-snapshot.js';
import { measureInTurn } from '../measure.js';
import type { Figure } from '../report.js';

const callers = 64;

/** What a durable commit cannot do without: the calls to the operating system, on the same bytes. */
async function replaceFile(directory: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(directory, 'temporary');
  const file = await open(temporary, 'w');
  await file.write(bytes);
  await file.sync();
  await file.close();
  await rename(temporary, join(directory, 'file'));
}

function replaceFileSync(directory: string, bytes: Uint8Array): void {
  const temporary = join(directory, 'temporary');
  const file = openSync(temporary, 'w');
  writeSync(file, bytes);
  fsyncSync(file);
  closeSync(file);
  renameSync(temporary, join(directory, 'file'));
}

/** A store on disk, and a directory for the floor, on the same disk. */
async function withStore<T>(
  databases: number,
  use: (client: LocalMetaClient, floor: string) => Promise<T>,
): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-bench-'));
  const floor = await mkdtemp(join(tmpdir(), 'cflux-bench-'));
  const client = new LocalMetaClient({ dir });
  try {
    await client.open();
    await client.setData(benchmarkSnapshot({ databases, groups: 1 }));
    return await use(client, floor);
  } finally {
    await client.close();
    await rm(dir, { recursive: true });
    await rm(floor, { recursive: true });
  }
}

/** A commit, then its inverse: the store stays as large as it is. */
function changes(client: LocalMetaClient): () => Promise<unknown> {
  let round = 0;
  return () => (round++ % 2 === 0 ? client.createDatabase('another') : client.dropDatabase('another'));
}

async function singleFigures(databases: number): Promise<Figure[]> {
  return withStore(databases, async (client, floor) => {
    const bytes = encodeMetadata(client.data());
    const folder = await open(floor, 'r');
    const times = await measureInTurn(
      {
        commit: changes(client),
        calls: async () => {
          await replaceFile(floor, bytes);
          await folder.sync();
        },
        blocking: () => {
          replaceFileSync(floor, bytes);
          fsyncSync(folder.fd);
        },
      },
      { rounds: 101, warmUp: 10 },
    );
    await folder.close();
    const name = `durable commit at ${databases.toLocaleString('en')} databases`;
    const shared = { name, value: times.commit, unit: 'ms' };
    const strict: Figure = {
      ...shared,
      floorName: 'the same system calls on the same bytes',
      floor: times.calls,
      target: 1.5,
    };
    if (databases < 10_000) return [strict];
    const blocking = 'the same system calls on the same bytes, blocking the event loop';
    return [strict, { ...shared, floorName: blocking, floor: times.blocking }];
  });
}

async function throughputFigure(): Promise<Figure> {
  return withStore(10_000, async (client) => {
    let round = 0;
    const one = () => client.createContinuousQuery(`bench-0${1000 + (round++ % 1000)}`, 'query', 'SELECT');
    const times = await measureInTurn(
      {
        together: () => Promise.all(Array.from({ length: callers }, one)),
        alone: async () => {
          for (let i = 0; i < callers; i++) await one();
        },
      },
      { rounds: 11, warmUp: 2 },
    );
    const perSecond = (milliseconds: number) => (callers * 1000) / milliseconds;
    return {
      name: `durable commits of ${callers} callers at once, at 10,000 databases`,
      value: perSecond(times.together),
      unit: 'per second',
      floorName: 'one caller after the other',
      floor: perSecond(times.alone),
      target: 10,
      atLeast: true,
    };
  });
}

/** Commits to disk. */
export async function commitFigures(): Promise<Figure[]> {
  return [
    ...(await singleFigures(10)),
    ...(await singleFigures(1_000)),
    ...(await singleFigures(10_000)),
    await throughputFigure(),
  ];
}
