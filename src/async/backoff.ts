import type { Random } from '../random.js';
import { equalJitter } from './jitter.js';

/** How long to pause between tries, in milliseconds. */
export interface Backoff {
  /** After the first failure. */
  readonly first: number;
  readonly max: number;
}

/** Milliseconds after `failures` (at least 1) in a row: doubles from `first` to `max`. */
export const exponentialDelay = ({ first, max }: Backoff, failures: number): number =>
  Math.min(max, first * 2 ** (failures - 1));

/** The same with equal jitter, so that peers that failed together do not come back together. */
export const backoffDelay = (backoff: Backoff, failures: number, random: Random): number =>
  equalJitter(exponentialDelay(backoff, failures), random);
