import { setTimeout as pass } from 'node:timers/promises';
import { median, middlePair, type Pair } from '../measure.js';
import { MeasuredChild } from '../measured-child.js';
import type { Figure } from '../report.js';
import type { Bystanders } from './bystander-process.js';
import { type Change, Crowd, type Form, type Kind, size } from './crowd.js';

const tenThousand = 10_000;
const rounds = 5;
const blocks = 3;

/** One change of 500 KB published to ten thousand held polls: as a delta, as a snapshot, and with a bare server. */
export async function run(waiters = tenThousand): Promise<Figure[]> {
  const name = `a change of ${size / 1_000} KB to ${waiters.toLocaleString('en')} held polls`;
  const { pair, cpu, headed } = await besideBare(waiters);
  const { changes: snapshots } = await changesOf('manager', 'snapshot', waiters, { rounds });
  const snapshot = median(snapshots.map(({ published }) => published));
  const figures: Figure[] = [
    {
      name: `${name}, as a delta`,
      value: pair.ours,
      unit: 'ms',
      floorName: 'a bare node:http fan-out of one shared buffer of the size of the delta',
      floor: pair.floor,
      target: 1.3,
    },
    {
      name: `the manager's processor time for ${name}, as a delta`,
      value: cpu.ours,
      unit: 'ms',
      floorName: 'bare',
      floor: cpu.floor,
    },
    {
      name: `${name}, as a delta`,
      value: headed.ours,
      unit: 'ms',
      floorName:
        'the bare fan-out with the headers of our responses, in slices, between which other requests are served',
      floor: headed.floor,
    },
    { name: `${name}: how many times faster as a delta`, value: snapshot / pair.ours, unit: '×' },
  ];
  for (const form of ['delta', 'snapshot'] as const)
    figures.push(...(await othersDuring(form, waiters, name)));
  return figures;
}

/**
 * The manager and the bare server in turn: the process that holds the polls takes as much of the machine from both. Only one crowd is there
 * at a time, because two are more connections than many machines let a process open.
 */
async function besideBare(
  waiters: number,
): Promise<{ readonly pair: Pair; readonly cpu: Pair; readonly headed: Pair }> {
  const pairs: Pair[] = [];
  const cpus: Pair[] = [];
  const headed: Pair[] = [];
  for (let block = 0; block < blocks; block++) {
    const ours = await changesOf('manager', 'delta', waiters);
    const bare = await changesOf('bare-fan-out', 'delta', waiters);
    const withHeaders = await changesOf('headed-fan-out', 'delta', waiters, { headers: ours.headers });
    ours.changes.forEach((change, i) => {
      const floor = bare.changes[i] ?? change;
      pairs.push({ ours: change.published, floor: floor.published });
      cpus.push({ ours: change.cpu, floor: floor.cpu });
      headed.push({ ours: change.published, floor: (withHeaders.changes[i] ?? change).published });
    });
  }
  return { pair: middlePair(pairs), cpu: middlePair(cpus), headed: middlePair(headed) };
}

/** Changes to the polls of a new server, after some that are not counted, and the headers of its responses. */
async function changesOf(
  kind: Kind,
  form: Form,
  waiters: number,
  { rounds = 2, headers = [] }: { readonly rounds?: number; readonly headers?: readonly string[] } = {},
): Promise<{ readonly changes: readonly Change[]; readonly headers: readonly string[] }> {
  await using crowd = await Crowd.gather(
    kind,
    form,
    waiters,
    ...(headers.length === 0 ? [] : [JSON.stringify(headers)]),
  );
  const changes: Change[] = [];
  // A server that has run for a while has compiled its code.
  for (let round = -3; round < rounds; round++) {
    const change = await crowd.change();
    if (round >= 0) changes.push(change);
  }
  return { changes, headers: crowd.headers };
}

/** What the pusher, and requests of another cluster, notice of the change: beside the same with one held poll, for as long. */
async function othersDuring(form: Form, waiters: number, name: string): Promise<Figure[]> {
  const during: Noticed[] = [];
  const alone: Noticed[] = [];
  await using crowd = await Crowd.gather('manager', form, waiters);
  await using single = await Crowd.gather('manager', form, 1);
  // The server closes a connection that it gets no request on while the crowd has its first change.
  await single.change();
  await using others = await Others.start(crowd.url);
  await using calm = await Others.start(single.url);
  for (let round = -1; round < rounds; round++) {
    const noticed = await others.during(crowd);
    const without = await calm.during(single, noticed.lasted);
    if (round < 0) continue;
    during.push(noticed);
    alone.push(without);
  }
  const middle = (all: readonly Noticed[], of: (noticed: Noticed) => number) => median(all.map(of));
  const more = (what: string, of: (noticed: Noticed) => number): Figure => ({
    name: `${what} during ${name}, as a ${form}, 99th percentile, more than with one held poll`,
    value: middle(during, of) - middle(alone, of),
    unit: 'ms',
    target: 20,
  });
  return [
    {
      name: `acknowledgement of ${name}, as a ${form}`,
      value: middle(during, ({ acknowledged }) => acknowledged),
      unit: 'ms',
      floorName: 'with one held poll',
      floor: middle(alone, ({ acknowledged }) => acknowledged),
      target: 3,
    },
    more('heartbeats', ({ heartbeats }) => heartbeats),
    more('pushes to another cluster', ({ pushes }) => pushes),
  ];
}

/** Milliseconds of one change, and of other requests while it was published. */
interface Noticed extends Bystanders {
  readonly acknowledged: number;
  readonly lasted: number;
}

/** Requests of another cluster, from a process of its own, because the one that holds ten thousand polls would measure its own delays. */
class Others {
  readonly #process: MeasuredChild;

  private constructor(process: MeasuredChild) {
    this.#process = process;
  }

  static async start(url: string): Promise<Others> {
    return new Others(await MeasuredChild.start(new URL('bystander-process.ts', import.meta.url), url));
  }

  /** @param atLeast milliseconds: a percentile of a few requests would be too low */
  async during(crowd: Crowd, atLeast = 0): Promise<Noticed> {
    const begin = performance.now();
    const { published, acknowledged } = await crowd.change(() => this.#process.ask('begin'));
    await pass(Math.max(0, atLeast - published));
    return {
      ...(await this.#process.ask<Bystanders>('end')),
      acknowledged,
      lasted: performance.now() - begin,
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process.stop();
  }
}
