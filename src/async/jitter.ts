import type { Random } from '../random.js';

/** A delay between `min` and `max`, so that peers that were told the same do not act in the same moment. */
export const uniformDelay = (min: number, max: number, random: Random): number =>
  min + (max - min) * random();

/** `delay`, of which a random half is left out. */
export const equalJitter = (delay: number, random: Random): number => delay * (0.5 + random() / 2);

/** Any part of `delay`. */
export const fullJitter = (delay: number, random: Random): number => delay * random();
