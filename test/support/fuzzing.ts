import { seededRandom } from 'clusterflux/testing';
import { onTestFinished } from 'vitest';

/** Returns an integer from 0 up to, but not including, `below`. */
export type RandomBelow = (below: number) => number;

/** The same integers again for the same seed. */
export function randomBelow(seed: number): RandomBelow {
  const random = seededRandom(seed);
  return (below) => Math.floor(random() * below);
}

/** Creates errors without stacks until the test ends: the stacks of many refusals would take most of its time. */
export function omitStacks(): void {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  onTestFinished(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });
}
