import type { Action } from '../statements/action.js';
import type { Item } from '../statements/item.js';

/** One change of the server in a convergence. */
export interface Step {
  readonly item: Item;
  readonly action: Action;
  readonly reason: string;
}

/** An item that convergence does not change, and the reason. */
export interface Finding {
  readonly item: Item;
  readonly reason: string;
  /** The change that would be made, if it is known. */
  readonly action?: Action;
}

/** Drops that are made once an operator confirms them. */
export interface Confirmable {
  readonly confirmation: string;
  readonly drops: readonly Step[];
}

/** Why a server was read by SHOW, which does not return password hashes, and the users that are affected. */
export interface SnapshotFailure {
  /** Why the snapshot port could not be read, and how to name it. */
  readonly reason: string;
  /** Users of the cluster whose password on the server cannot be compared with the cluster's. */
  readonly unverified: readonly string[];
  /** Users that exist only on the server, and that cannot be imported into the cluster. */
  readonly notImportable: readonly string[];
}

/** What a comparison of a server with the cluster found, apart from changes that can be made. */
export interface Findings {
  /** How many items of the cluster are equal on this server. */
  readonly inSync: number;
  /** Items of the cluster that this server refuses or cannot have. */
  readonly refused: readonly Finding[];
  /** Items that need the operator: a password, or a decision about a drop. */
  readonly pending: readonly Finding[];
  /** Items that exist only on this server and were never part of the cluster. */
  readonly unmanaged: readonly Item[];
  /** Subscriptions in the cluster that are local to a server by their names; neither created nor dropped. */
  readonly local: readonly Finding[];
  /** Users whose password cannot be compared with the cluster's. */
  readonly unverified: readonly string[];
  /** Absent if the server's snapshot was read. */
  readonly snapshotFailure?: SnapshotFailure;
  /** Id that confirms exactly the drops that are pending because of their number; absent if there are none. */
  readonly confirmation?: string;
  /** All drops that may be confirmed, by their ids; absent if there are none. */
  readonly confirmable?: readonly Confirmable[];
}

/** The plan of a convergence. */
export interface Plan extends Findings {
  /** Changes in the order of execution; drops come last. */
  readonly steps: readonly Step[];
  /** How many of the last steps are drops. */
  readonly drops: number;
}
