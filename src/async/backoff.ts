import type { Random } from '../random.js';
import { equalJitter } from './jitter.js';

/** Delays between attempts, in milliseconds. */
export interface Backoff {
  /** Delay after the first failure. */
  readonly first: number;
  readonly max: number;
}

/** Returns the delay after `failures` (at least 1) in a row: doubles from `first` to `max`. */
export const exponentialDelay = ({ first, max }: Backoff, failures: number): number =>
  Math.min(max, first * 2 ** (failures - 1));

/** As {@link exponentialDelay}, with equal jitter, so that peers that failed together do not retry together. */
export const backoffDelay = (backoff: Backoff, failures: number, random: Random): number =>
  equalJitter(exponentialDelay(backoff, failures), random);
