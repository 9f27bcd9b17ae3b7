import { type Backoff, backoffDelay, exponentialDelay } from '../async/backoff.js';
import { fullJitter } from '../async/jitter.js';
import type { Random } from '../random.js';

/** Of the loops: a manager that is back is met within 15 s. */
const loopBackoff: Backoff = { first: 1_000, max: 15_000 };

/** Of rounds that conflict: the manager gives the loser a turn (R26); with other managers, losing again and again needs some distance. */
const conflictBackoff: Backoff = { first: 2, max: 250 };

/** Milliseconds that a loop pauses after `failures` in a row. */
export const pauseAfter = (failures: number, random: Random): number =>
  backoffDelay(loopBackoff, failures, random);

/** Milliseconds to pause after `rounds` in which another node was first; none after the first few. */
export const pauseAfterConflicts = (rounds: number, random: Random): number =>
  rounds > 3 ? fullJitter(exponentialDelay(conflictBackoff, rounds), random) : 0;
