import { type Backoff, backoffDelay, exponentialDelay } from '../async/backoff.js';
import { fullJitter } from '../async/jitter.js';
import type { Random } from '../random.js';

/** For the loops: they notice within 15 s that the manager is available again. */
const loopBackoff: Backoff = { first: 1_000, max: 15_000 };

/** For rounds that conflict. A manager reserves the next turn for the loser (R26); with other managers, repeated losers need a pause. */
const conflictBackoff: Backoff = { first: 2, max: 250 };

/** Returns the milliseconds that a loop pauses after `failures` in a row. */
export const pauseAfter = (failures: number, random: Random): number =>
  backoffDelay(loopBackoff, failures, random);

/** Returns the milliseconds to pause after `rounds` that conflicted; 0 after the first few. */
export const pauseAfterConflicts = (rounds: number, random: Random): number =>
  rounds > 3 ? fullJitter(exponentialDelay(conflictBackoff, rounds), random) : 0;
