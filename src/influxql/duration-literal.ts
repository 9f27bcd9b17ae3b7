import { significantDigits } from './significant-digits.js';

/** Nanoseconds of each unit, the largest first. */
const units: readonly (readonly [unit: string, nanoseconds: bigint])[] = [
  ['w', 604_800_000_000_000n],
  ['d', 86_400_000_000_000n],
  ['h', 3_600_000_000_000n],
  ['m', 60_000_000_000n],
  ['s', 1_000_000_000n],
  ['ms', 1_000_000n],
  ['u', 1_000n],
  ['ns', 1n],
];
const nanosecondsOf: ReadonlyMap<string, bigint> = new Map([...units, ['µ', 1_000n]]);

const maxInt64 = 2n ** 63n - 1n;
/** Significant digits of the largest number; more are too many whatever they are. */
const maxDigits = 19;
/** Sticky, one number and one unit: a text is read once from its beginning to its end. */
const part = /(\d+)(ns|ms|[uµsmhdw])/y;

/** Why a duration is refused, in InfluxDB's words. */
export class DurationRefusal extends Error {}

/**
 * Nanoseconds of a duration literal, as InfluxDB computes them: each number must fit into 64 bits, and of the sum only a negative one is
 * taken for an overflow (so `30000w` is not refused, and means something else).
 *
 * @throws DurationRefusal
 */
export function durationOf(literal: string): bigint {
  let sum = 0n;
  let at = 0;
  do {
    part.lastIndex = at;
    const [all, digits = '', unit = ''] = part.exec(literal) ?? [];
    const significant = significantDigits(digits);
    if (all === undefined || significant.length > maxDigits) throw new DurationRefusal('invalid duration');
    const count = BigInt(significant);
    if (count > maxInt64) throw new DurationRefusal('invalid duration');
    sum = BigInt.asIntN(64, sum + count * (nanosecondsOf.get(unit) ?? 0n));
    at += all.length;
  } while (at < literal.length);
  if (sum < 0n) throw new DurationRefusal(`overflowed duration ${literal}: choose a smaller duration or INF`);
  return sum;
}

/** A duration in nanoseconds as InfluxQL prints it: one number of the largest unit that it is a whole number of. */
export function printDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const [unit, size] = units.find(([, size]) => nanoseconds % size === 0n) ?? ['ns', 1n];
  return `${nanoseconds / size}${unit}`;
}
