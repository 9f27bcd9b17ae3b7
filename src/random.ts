import { getRandomValues } from 'node:crypto';

/** A source of chance, handed in, so that a run can be replayed from a seed: uniform in [0, 1), as `Math.random`. */
export type Random = () => number;

// Drawn many at once: asking the operating system costs some 10 µs, and an id takes 31 numbers (a fifth of a whole change, measured).
const drawn = new Uint32Array(256);
let used = drawn.length;

/**
 * Chance from the operating system.
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

/** A version 4 UUID (RFC 9562) drawn from `random`. */
export function randomUuid(random: Random): string {
  const change = () => Math.floor(random() * 2 ** 32);
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0').slice(-digits);
  const [a, b, c, d] = [change(), change(), change(), change()];
  const variant = 0x8 + (c >>> 30);
  return `${hex(a, 8)}-${hex(b >>> 16, 4)}-4${hex(b & 0xfff, 3)}-${variant.toString(16)}${hex(c & 0xfff, 3)}-${hex(d, 8)}${hex(change() >>> 16, 4)}`;
}
