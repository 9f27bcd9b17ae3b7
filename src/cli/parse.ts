import { InvalidArgumentError } from 'commander';
import { noVersion, parseVersion } from '../protocol/version.js';

const units: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** Parses a duration such as `15s`, `500ms` or `1m` to milliseconds. */
export function parseDuration(text: string): number {
  const [, digits, unit = ''] = /^([0-9]{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const milliseconds = Number(digits) * (units.get(unit) ?? Number.NaN);
  if (milliseconds > 0) return milliseconds;
  throw new InvalidArgumentError('write a duration above 0, such as 15s, 500ms or 1m');
}

/** Collects the values of a repeatable flag. */
export const collect = (value: string, previous: readonly string[] = []): readonly string[] => [
  ...previous,
  value,
];

/** Parses an integer above 0. */
export function parseCount(text: string): number {
  if (/^[0-9]{1,9}$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('write a whole number above 0');
}

/** Parses a node id as `cflux nodes` lists it. */
export function parseNodeId(text: string): number {
  const id = parseVersion(text);
  if (id !== undefined && id !== noVersion) return id;
  throw new InvalidArgumentError('write a node id in digits, as `cflux nodes` lists them');
}
