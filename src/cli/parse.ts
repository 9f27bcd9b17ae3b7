import { InvalidArgumentError } from 'commander';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds that `15s`, `500ms` or `1m` name. */
export function parseDuration(text: string): number {
  const [, digits, unit = ''] = /^([0-9]{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  const milliseconds = Number(digits) * (units[unit] ?? Number.NaN);
  if (milliseconds > 0) return milliseconds;
  throw new InvalidArgumentError('write a duration above 0, such as 15s, 500ms or 1m');
}

/** A whole number above 0. */
export function parseCount(text: string): number {
  if (/^[0-9]{1,9}$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('write a whole number above 0');
}

/** A version, as `cflux history` lists it. */
export function parseVersionArgument(text: string): number {
  if (/^[0-9]{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) && Number(text) > 0)
    return Number(text);
  throw new InvalidArgumentError('write a version in digits, as `cflux history` lists them');
}
