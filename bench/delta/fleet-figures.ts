import { createHash } from 'node:crypto';
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

const large = benchmarkSnapshot({ groups: 100 });
const sizeOf = (data: MetaData) => size(encodeMetadata(data).length);

/** Many nodes that follow one, and many that change the cluster at once: with large metadata beside small. */
export async function run({ followers, rounds, nodes, changes } = amounts): Promise<Figure[]> {
  const tiny = benchmarkSnapshot({ databases: 10, groups: 0 });
  const small = benchmarkSnapshot({ databases: 1_000, groups: 0 });
  const following = {
    tiny: await spreadOf(tiny, followers, rounds),
    large: await spreadOf(large, followers, rounds),
  };
  const contending = {
    small: await contentionOf(small, nodes, changes),
    large: await contentionOf(large, nodes, changes),
  };
  // They share a process, which hashes for one node after the other: the node in the middle waits for half of them.
  const hashing = ((followers + 1) / 2) * hashingTime(encodeMetadata(large));
  const contention = `${nodes} nodes × ${changes} changes at once, ${sizeOf(large)}`;
  return [
    {
      name: `from acknowledged to applied on ${followers} nodes, ${sizeOf(large)}`,
      value: following.large,
      unit: 'ms',
      floorName: `the same at ${sizeOf(tiny)}`,
      floor: following.tiny,
    },
    {
      name: `SHA-256 in that, of half of the nodes`,
      value: hashing,
      unit: 'ms',
    },
    {
      name: `from acknowledged to applied on ${followers} nodes, without hashing, ${sizeOf(large)}`,
      value: following.large - hashing,
      unit: 'ms',
      floorName: `the same at ${sizeOf(tiny)}`,
      floor: following.tiny,
      target: 1.5,
    },
    {
      name: contention,
      value: contending.large.wall,
      unit: 'ms',
      floorName: `the same at ${sizeOf(small)}`,
      floor: contending.small.wall,
      target: 2,
    },
    {
      name: `most attempts of a change, ${contention}`,
      value: contending.large.attempts,
      unit: 'attempts',
      target: 3,
    },
  ];
}

/** Median milliseconds of the SHA-256 of `bytes`. */
function hashingTime(bytes: Uint8Array): number {
  const times = Array.from({ length: 20 }, () => {
    const begin = performance.now();
    createHash('sha256').update(bytes).digest();
    return performance.now() - begin;
  });
  return median(times);
}

/** Milliseconds from the acknowledgement of a change until a node has it: the median of all nodes and changes. */
async function spreadOf(data: MetaData, count: number, rounds: number): Promise<number> {
  const server = await startServer('manager');
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

async function contentionOf(data: MetaData, nodes: number, changes: number): Promise<Outcome> {
  const server = await startServer('manager');
  try {
    return await contend(server.url, { nodes, changes, data });
  } finally {
    await server.stop();
  }
}
