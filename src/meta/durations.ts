import { CfluxError } from '../errors.js';
import { withoutTrailing } from '../trailing.js';
import type { DurationArgument } from './records.js';

/** Nanoseconds. */
const second = 1_000_000_000n;
export const minute = 60n * second;
export const hour = 60n * minute;
export const day = 24n * hour;
export const week = 7n * day;

const units: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['u', 1_000n],
  ['µ', 1_000n],
  ['ms', 1_000_000n],
  ['s', second],
  ['m', minute],
  ['h', hour],
  ['d', day],
  ['w', week],
]);

const longest = 2n ** 63n - 1n;
/** A number with this many digits exceeds 63 bits in any unit. */
const maxNumber = 20;
const literal = /^(?:\d+(?:ns|ms|[uµsmhdw]))+$/;
/** Sticky, because parts follow each other without a gap, and searching from every digit would be quadratic. */
const part = /(\d+)(\D+)/gy;

/**
 * Parses an InfluxQL duration literal to nanoseconds: `7d`, `1h30m`, `500ms`; `INF` (in any case) is 0, unlimited.
 *
 * @throws CfluxError `INVALID_DURATION`, also if the value exceeds 63 bits.
 * @example
 * ```ts
 * console.log(parseDuration('1h30m')); // 5400000000000
 * ```
 */
export function parseDuration(text: string): bigint {
  if (text.toUpperCase() === 'INF') return 0n;
  if (!literal.test(text)) throw new CfluxError('INVALID_DURATION', `invalid duration: ${text}`);
  let duration = 0n;
  for (const [, digits = '', unit = ''] of text.matchAll(part))
    duration += nanoseconds(digits) * (units.get(unit) ?? 0n);
  if (duration > longest) {
    throw new CfluxError('INVALID_DURATION', `overflowed duration ${text}: choose a smaller duration or INF`);
  }
  return duration;
}

/** Converts `digits`, truncated to a number that overflows anyway: conversion to a bigint is not linear in the number of digits. */
function nanoseconds(digits: string): bigint {
  const significant = digits.replace(/^0+/, '');
  return BigInt(significant.slice(0, maxNumber) || '0');
}

/** Returns the nanoseconds of an argument, which may be a literal. */
export function toNanoseconds(duration: DurationArgument): bigint {
  return typeof duration === 'string' ? parseDuration(duration) : duration;
}

/**
 * Formats a duration as Go prints it, and InfluxDB in its responses: `168h0m0s`, `1h0m0.000000001s`, `1.5ms`, `0s`.
 *
 * @example
 * ```ts
 * console.log(formatDuration(parseDuration('7d'))); // 168h0m0s
 * ```
 */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds < 0n) return `-${formatDuration(-nanoseconds)}`;
  if (nanoseconds === 0n) return '0s';
  if (nanoseconds < 1_000n) return `${nanoseconds}ns`;
  if (nanoseconds < 1_000_000n) return `${decimal(nanoseconds, 3)}µs`;
  if (nanoseconds < second) return `${decimal(nanoseconds, 6)}ms`;
  const seconds = `${decimal(nanoseconds % minute, 9)}s`;
  if (nanoseconds < minute) return seconds;
  const minutes = `${(nanoseconds / minute) % 60n}m${seconds}`;
  return nanoseconds < hour ? minutes : `${nanoseconds / hour}h${minutes}`;
}

/** Formats `value` with its last `digits` digits after the decimal point, without trailing zeros. */
function decimal(value: bigint, digits: number): string {
  const padded = value.toString().padStart(digits + 1, '0');
  const fraction = withoutTrailing(padded.slice(-digits), /0/);
  const whole = padded.slice(0, -digits);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** Returns the default duration of shard groups for a policy that keeps data for `retention` (0: unlimited). */
export function automaticShardGroupDuration(retention: bigint): bigint {
  if (retention === 0n || retention >= 180n * day) return week;
  return retention >= 2n * day ? day : hour;
}

/** Normalizes the duration of shard groups as InfluxDB does: 0 selects the default one, and the minimum is an hour. */
export function normalizeShardGroupDuration(chosen: bigint, retention: bigint): bigint {
  if (chosen === 0n) return automaticShardGroupDuration(retention);
  return chosen < hour ? hour : chosen;
}
