import type { Action } from './action.js';
import type { Item } from './item.js';

/** One change of the server that convergence makes. */
export interface Step {
  readonly item: Item;
  readonly action: Action;
  readonly reason: string;
}

/** Something that convergence leaves as it is, and why. */
export interface Finding {
  readonly item: Item;
  readonly reason: string;
  /** What would be done, where that is settled. */
  readonly action?: Action;
}

/** What convergence would do to a server. */
export interface Plan {
  /** In the order in which they are made; drops come last. */
  readonly steps: readonly Step[];
  /** How many of the last steps destroy something. */
  readonly drops: number;
  /** Things of the cluster that this server cannot have. */
  readonly refused: readonly Finding[];
  /** What waits for the operator: a password, the word for a drop. */
  readonly pending: readonly Finding[];
  /** What is only on this server and was never the cluster's. */
  readonly unmanaged: readonly Item[];
  /** Subscriptions that the cluster holds and that are local to a server by their names; neither made nor dropped. */
  readonly local: readonly Finding[];
  /** Users of whom nobody here can tell whether their password is the cluster's. */
  readonly unverified: readonly string[];
  /** How many things of the cluster this server already has as the cluster has them. */
  readonly inSync: number;
  /** Confirms exactly the drops that are pending for their number; absent where none are. */
  readonly confirmation?: string;
}
