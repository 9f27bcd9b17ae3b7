import type { Random } from '../../../src/random.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';
import type { World } from '../world/world.js';
import type { Fault, Target } from './fault.js';

/** One fault, from its beginning to its end; seconds from the start of the run. */
export interface Step {
  readonly at: number;
  readonly until: number;
  readonly fault: string;
  readonly target: Target;
  /** Decides about the fault's details. */
  readonly seed: number;
}

export interface ScheduleOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly faults: readonly Fault[];
}

/** Draws, from the seed alone, what is done to the world and when; the same again for the same seed and the same kind of world. */
export function drawSchedule(world: World, { seed, seconds, faults }: ScheduleOptions): readonly Step[] {
  const random = seededRandom(seed);
  const possible = faults
    .map(({ name, weight, targets }) => ({ name, weight, targets: targets(world) }))
    .filter(({ targets }) => targets.length > 0);
  const steps: Step[] = [];
  const freeAt = new Map<string, number>();
  for (let at = 1; at < seconds - 1; at += 0.3 + random() * 1.7) {
    const fault = weighted(possible, random);
    const target = fault?.targets[Math.floor(random() * fault.targets.length)];
    const lasts = duration(random, seconds);
    const seed = Math.floor(random() * 2 ** 31);
    if (fault === undefined || target === undefined || at < (freeAt.get(target.resource) ?? 0)) continue;
    const until = Math.min(at + lasts, seconds);
    // A moment of peace between two faults of the same thing: it comes back, and goes on.
    freeAt.set(target.resource, until + 0.5);
    steps.push({ at, until, fault: fault.name, target, seed });
  }
  return steps;
}

/** Mostly short; in long runs now and then longer than a node lives without a heartbeat. */
function duration(random: Random, seconds: number): number {
  const isLong = random() < 0.05 && seconds >= 60;
  return isLong ? 16 + random() * 6 : 0.2 + random() ** 2 * 5;
}

function weighted<T extends { readonly weight: number }>(
  choices: readonly T[],
  random: Random,
): T | undefined {
  let left = random() * choices.reduce((sum, { weight }) => sum + weight, 0);
  return choices.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
}

/** A line for people. */
export const describeStep = ({ at, until, fault, target }: Step): string =>
  `${at.toFixed(1).padStart(6)}–${until.toFixed(1)} s  ${fault} ${target.name}`;
