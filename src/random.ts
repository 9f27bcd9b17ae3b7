import { getRandomValues } from 'node:crypto';

/** A source of random numbers, uniform in [0, 1) like `Math.random`; passed as an option, so that a run can be replayed from a seed. */
export type Random = () => number;

// Drawn in batches, because a call to the operating system costs some 10 µs and an id takes 31 numbers (a fifth of a change, measured).
const drawn = new Uint32Array(256);
let used = drawn.length;

/**
 * Random numbers from the operating system.
 *
 * @example
 * ```ts
 * const client = new CfluxClient(new LocalMetaClient(), { random: process.env['CI'] ? seededRandom(1) : systemRandom });
 * ```
 */
export const systemRandom: Random = () => {
  if (used === drawn.length) {
    getRandomValues(drawn);
    used = 0;
  }
  return (drawn[used++] ?? 0) / 2 ** 32;
};

/** Returns a version 4 UUID (RFC 9562) drawn from `random`. */
export function randomUuid(random: Random): string {
  const change = () => Math.floor(random() * 2 ** 32);
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0').slice(-digits);
  const [a, b, c, d] = [change(), change(), change(), change()];
  const variant = 0x8 + (c >>> 30);
  return `${hex(a, 8)}-${hex(b >>> 16, 4)}-4${hex(b & 0xfff, 3)}-${variant.toString(16)}${hex(c & 0xfff, 3)}-${hex(d, 8)}${hex(change() >>> 16, 4)}`;
}
