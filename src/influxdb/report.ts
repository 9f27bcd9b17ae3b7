import type { Item } from './item.js';
import type { Finding, SnapshotFailure, Step } from './plan.js';

/** The result of one convergence. */
export interface Report {
  /** The server's URL. */
  readonly server: string;
  /** The version of the cluster that the server was brought in sync with, and its epoch; `undefined` if the caller did not name them. */
  readonly version: number | undefined;
  readonly epoch: string | undefined;
  /** `snapshot`: with password hashes; `show`: without them. */
  readonly source: 'snapshot' | 'show';
  /** Completed changes, in order. */
  readonly done: readonly Step[];
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
  /** `true` if the convergence ended early because the cluster changed; otherwise absent. */
  readonly unfinished?: true;
  /** Id that confirms exactly the drops that are pending because of their number. */
  readonly confirmation?: string;
}
