import type { Random } from '../../../src/random.js';
import type { World } from '../world/world.js';

/** Ends a fault. */
export type Heal = () => Promise<void> | void;

/** Where a fault can strike. */
export interface Target {
  /** What it is called in the schedule. */
  readonly name: string;
  /** What it strikes: nothing is struck twice at a time. */
  readonly resource: string;
  /** Begins it. `random` decides about its details. */
  strike(random: Random): Promise<Heal> | Heal;
}

/** A kind of fault. */
export interface Fault {
  readonly name: string;
  /** How often it is chosen beside the others. */
  readonly weight: number;
  /** Where it can strike in this world; nowhere, where the world lacks what it needs. */
  targets(world: World): readonly Target[];
}
