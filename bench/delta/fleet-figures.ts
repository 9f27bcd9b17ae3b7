import { setTimeout as pass } from 'node:timers/promises';
import { encodeMetadata, type MetaData } from 'clusterflux';
import { benchmarkSnapshot } from '../../test/meta/support/benchmark-snapshot.js';
import { size } from '../client/altering.js';
import { clientsOf } from '../client/fan-out-figures.js';
import { bareHttp } from '../client/setting.js';
import { contend, type Outcome } from '../manager/contention-figures.js';
import { startServer } from '../manager/server-child.js';
import { median } from '../measure.js';
import type { Figure } from '../report.js';
import { hashSamples } from './hash-samples.js';

/** How much is measured; smaller for a trial. */
interface Amounts {
  readonly followers: number;
  readonly rounds: number;
  readonly nodes: number;
  readonly changes: number;
}

const amounts: Amounts = { followers: 100, rounds: 20, nodes: 32, changes: 30 };
/** Changes before the first that is measured. */
const warmUp = 3;
/** Milliseconds for every poll to arrive and be held. */
const held = 300;

const tiny = benchmarkSnapshot({ databases: 10, groups: 0 });
const small = benchmarkSnapshot({ databases: 1_000, groups: 0 });
const large = benchmarkSnapshot({ groups: 100 });
const sizeOf = (data: MetaData) => size(encodeMetadata(data).length);

/** Many nodes that follow one, and many that change the cluster at once: with large metadata beside small. */
export async function run(measured = amounts): Promise<Figure[]> {
  const whole = await timesOf(measured);
  const restore = hashSamples();
  const net = await timesOf(measured, 'samples');
  restore();
  const following = `from acknowledged to applied on ${measured.followers} nodes`;
  const contending = `${measured.nodes} nodes × ${measured.changes} changes at once`;
  const figure = (name: string, { large, small }: Times, of: MetaData, target?: number): Figure => {
    const figure = { name, value: large, unit: 'ms', floorName: `the same at ${sizeOf(of)}`, floor: small };
    return target === undefined ? figure : { ...figure, target };
  };
  const [withHashing, without] = [`with hashing, ${sizeOf(large)}`, `without hashing, ${sizeOf(large)}`];
  return [
    figure(`${following}, ${withHashing}`, whole.following, tiny),
    figure(`${following}, ${without}`, net.following, tiny, 1.5),
    figure(`${contending}, ${withHashing}`, whole.contending, small),
    figure(`${contending}, ${without}`, net.contending, small, 2),
    {
      name: `most attempts of a change, ${contending}, ${withHashing}`,
      value: whole.attempts,
      unit: 'attempts',
      target: 3,
    },
  ];
}

/** Milliseconds at two sizes of the metadata. */
interface Times {
  readonly large: number;
  readonly small: number;
}

async function timesOf({ followers, rounds, nodes, changes }: Amounts, hashing = 'all') {
  const following = {
    small: await spreadOf(tiny, followers, rounds, hashing),
    large: await spreadOf(large, followers, rounds, hashing),
  };
  const few = await contentionOf(small, nodes, changes, hashing);
  const many = await contentionOf(large, nodes, changes, hashing);
  return { following, contending: { small: few.wall, large: many.wall }, attempts: many.attempts };
}

/** Milliseconds from the acknowledgement of a change until a node has it: the median of all nodes and changes. */
async function spreadOf(data: MetaData, count: number, rounds: number, hashing: string): Promise<number> {
  const server = await start(hashing);
  try {
    const { change, close } = await clientsOf(bareHttp(server.url), { cluster: 'spread', count, data });
    const delays: number[] = [];
    for (let round = -warmUp; round < rounds; round++) {
      await pass(held);
      const measured = await change();
      if (round >= 0) delays.push(...measured);
    }
    await close();
    return median(delays);
  } finally {
    await server.stop();
  }
}

async function contentionOf(
  data: MetaData,
  nodes: number,
  changes: number,
  hashing: string,
): Promise<Outcome> {
  const server = await start(hashing);
  try {
    return await contend(server.url, { nodes, changes, data });
  } finally {
    await server.stop();
  }
}

const start = (hashing: string) => startServer('manager', '', '250', hashing);
