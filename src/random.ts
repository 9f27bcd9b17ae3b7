import { getRandomValues } from 'node:crypto';

/** A source of chance, handed in, so that a run can be replayed from a seed: uniform in [0, 1), as `Math.random`. */
export type Random = () => number;

// Drawn many at once: asking the operating system costs some 10 µs, and an id takes 31 numbers (a fifth of a whole change, measured).
const drawn = new Uint32Array(256);
let used = drawn.length;

/** Chance from the operating system. */
export const systemRandom: Random = () => {
  if (used === drawn.length) {
    getRandomValues(drawn);
    used = 0;
  }
  return (drawn[used++] ?? 0) / 2 ** 32;
};

/** A version 4 UUID (RFC 9562) drawn from `random`. */
export function randomUuid(random: Random): string {
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
  const variant = (8 + Math.floor(random() * 4)).toString(16);
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${variant}${hex(3)}-${hex(12)}`;
}
