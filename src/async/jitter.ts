import type { Random } from '../random.js';

/** Returns a random delay between `min` and `max`, so that peers that got the same response do not act together. */
export const uniformDelay = (min: number, max: number, random: Random): number =>
  min + (max - min) * random();

/** Returns `delay` with equal jitter: between half of it and all of it. */
export const equalJitter = (delay: number, random: Random): number => delay * (0.5 + random() / 2);

/** Returns `delay` with full jitter: between 0 and all of it. */
export const fullJitter = (delay: number, random: Random): number => delay * random();
