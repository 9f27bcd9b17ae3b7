import type { Random } from '../random.js';

/** Milliseconds before the first new try of a loop. */
const first = 1_000;
/** The longest pause of a loop: a manager that is back is met within this time. */
const longest = 15_000;

/**
 * Milliseconds to pause after `failures` in a row: doubling from 1 s to 15 s, of which a random half falls away, so that
 * nodes that failed together do not come back together.
 */
export function pauseAfter(failures: number, random: Random): number {
  const full = Math.min(longest, first * 2 ** Math.min(failures - 1, 10));
  return full * (0.5 + random() / 2);
}
