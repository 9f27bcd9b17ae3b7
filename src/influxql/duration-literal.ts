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
/** Significant digits of the largest number; a number with more digits always overflows. */
const maxDigits = 19;
/** Sticky, one number and one unit, so that a text is scanned once. */
const part = /(\d+)(ns|ms|[uµsmhdw])/y;

/** Why a duration is refused, in InfluxDB's words. */
export class DurationRefusal extends Error {}

/**
 * Parses a duration literal to nanoseconds as InfluxDB does: each number must fit into 64 bits, and only a negative sum counts as an
 * overflow (so `30000w` is accepted, with another meaning).
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

/** Formats a duration in nanoseconds as InfluxQL does: an integer of the largest unit that divides it. */
export function printDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const [unit, size] = units.find(([, size]) => nanoseconds % size === 0n) ?? ['ns', 1n];
  return `${nanoseconds / size}${unit}`;
}
