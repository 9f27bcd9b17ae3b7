import { getRandomValues } from 'node:crypto';

/** A source of chance, handed in, so that a run can be replayed from a seed: uniform in [0, 1), as `Math.random`. */
export type Random = () => number;

/** Chance from the operating system. */
export const systemRandom: Random = () => (getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;

/** A version 4 UUID (RFC 9562) drawn from `random`. */
export function randomUuid(random: Random): string {
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
  const variant = (8 + Math.floor(random() * 4)).toString(16);
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${variant}${hex(3)}-${hex(12)}`;
}
