import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../src/testing/seeded-random.js';
import { checkHistory, type Verdict } from './checker/check-history.js';
import type { Fault } from './nemesis/fault.js';
import { carryOut } from './nemesis/nemesis.js';
import { describeStep, drawSchedule, type Step } from './nemesis/schedule.js';
import { OperationLog } from './operation-log.js';
import { PointWriters } from './points.js';
import { settle } from './settle.js';
import { settleOrders } from './settle-orders.js';
import { ShownProgress } from './shown-progress.js';
import { Workload } from './workload.js';
import { World, type WorldOptions } from './world/world.js';

/** A run in which nothing happened would prove nothing: clients work on until so many operations have succeeded. */
const leastOperations = 20;

export interface ChaosOptions extends WorldOptions {
  /** How long faults strike. */
  readonly seconds: number;
  readonly faults: readonly Fault[];
  /** Told each line of the account. */
  readonly say?: (line: string) => void;
  /** Ends it all at once. */
  readonly signal?: AbortSignal;
}

export interface ChaosOutcome {
  readonly verdict: Verdict;
  readonly log: OperationLog;
  readonly schedule: readonly Step[];
  /** How many points servers acknowledged. */
  readonly points: number;
}

/** Lets clients work and faults strike, then ends every fault, and judges what was seen. */
export async function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const { signal = new AbortController().signal } = options;
  const log = new OperationLog();
  const world = await World.start(options, log);
  try {
    return await withSignal(signal, live(world, log, options));
  } finally {
    await world.close();
  }
}

async function live(world: World, log: OperationLog, options: ChaosOptions): Promise<ChaosOutcome> {
  const { seed, seconds, faults, say = () => undefined } = options;
  const schedule = drawSchedule(world, { seed, seconds, faults });
  for (const step of schedule) say(describeStep(step));
  const workload = new Workload(world.nodes, seededRandom(seed + 1));
  const writers = new PointWriters(world, seed + 2);
  const shown = new ShownProgress(world, log);
  await Promise.all([carryOut(schedule), sleep(seconds * 1000)]);
  await workload.succeeded(leastOperations);
  await Promise.all([workload.stop(), writers.stop(), shown.stop()]);
  const final = await settle(world, log);
  const orders = await settleOrders(world, log, writers.points);
  return { verdict: checkHistory(log, final, orders), log, schedule, points: writers.points.length };
}

function withSignal<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}
