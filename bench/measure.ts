/** The middle of `values`; a fleet of outliers on a shared machine does not move it. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * Median milliseconds of each of `subjects`, run in turn, so that a slow spell of the machine falls on all of them alike.
 * Each runs `warmUp` times first.
 */
export async function measureInTurn<Name extends string>(
  subjects: Record<Name, () => unknown>,
  { rounds = 15, warmUp = 3 }: { rounds?: number; warmUp?: number } = {},
): Promise<Record<Name, number>> {
  const names = Object.keys(subjects) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = -warmUp; round < rounds; round++) {
    for (const name of names) {
      const begin = performance.now();
      await subjects[name]();
      if (round >= 0) times[name].push(performance.now() - begin);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times[name])])) as Record<Name, number>;
}

/** What something of ours took, and its floor in the same moment. */
export interface Pair {
  readonly ours: number;
  readonly floor: number;
}

/** The pair in the middle, by its ratio: a machine that is now slow and now fast is equally so for both of a pair. */
export function middlePair(pairs: readonly Pair[]): Pair {
  const sorted = [...pairs].sort((a, b) => a.ours / a.floor - b.ours / b.floor);
  return sorted[sorted.length >> 1] ?? { ours: Number.NaN, floor: Number.NaN };
}

/** Milliseconds of `ours` and of `floor`, one after the other, so many times; the pair in the middle. */
export async function measurePair(
  ours: () => Promise<unknown>,
  floor: () => Promise<unknown>,
  { rounds = 31, warmUp = 10 }: { rounds?: number; warmUp?: number } = {},
): Promise<Pair> {
  const pairs: Pair[] = [];
  for (let round = -warmUp; round < rounds; round++) {
    const pair = { ours: await timeOf(ours), floor: await timeOf(floor) };
    if (round >= 0) pairs.push(pair);
  }
  return middlePair(pairs);
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
