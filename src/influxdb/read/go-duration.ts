import { CfluxError } from '../../errors.js';

const nanosecondsOf: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);

const duration = /^(-?)((?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|ms|s|m|h))+)$/;
const part = /([0-9]+)(?:\.([0-9]+))?([a-zµ]+)/gy;
/** Go prints at most 25 characters, for the least number of 64 bits. */
const maxDuration = 64;

/** Parses a duration as Go prints it and SHOW returns it to nanoseconds: `168h0m0s`, `1h0m0.000000001s`, `0s`, `1.5µs`. */
export function parseGoDuration(text: string): bigint {
  const [, sign, digits] = text.length > maxDuration ? [] : (duration.exec(text) ?? []);
  if (digits === undefined) throw unknown(text);
  let total = 0n;
  for (const [, whole = '0', fraction = '', unit = 's'] of digits.matchAll(part)) {
    const scale = nanosecondsOf.get(unit) ?? 1n;
    total += BigInt(whole) * scale + (BigInt(fraction || '0') * scale) / 10n ** BigInt(fraction.length);
  }
  const value = sign === '-' ? -total : total;
  if (BigInt.asIntN(64, value) !== value) throw unknown(text);
  return value;
}

const unknown = (text: string) =>
  new CfluxError(
    'BAD_ANSWER',
    `unexpected response of InfluxDB: unknown duration ${text.slice(0, maxDuration)}`,
  );
