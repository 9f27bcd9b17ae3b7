import type { Item } from './item.js';
import type { Finding, Step } from './plan.js';

/** What one convergence did, and what it left. */
export interface Report {
  /** The server's URL. */
  readonly server: string;
  /** The version of the cluster that the server was brought in step with, and its epoch; `undefined` if the caller did not name them. */
  readonly version: number | undefined;
  readonly epoch: string | undefined;
  /** `snapshot`: password hashes were read; `show`: they could not be. */
  readonly source: 'snapshot' | 'show';
  /** Changes that were made, in their order. */
  readonly done: readonly Step[];
  /** How many things of the cluster this server has as the cluster has them. */
  readonly inSync: number;
  /** Things of the cluster that this server refuses or cannot have. */
  readonly refused: readonly Finding[];
  /** What waits for the operator: a password, the word for a drop. */
  readonly pending: readonly Finding[];
  /** What is only on this server and was never the cluster's. */
  readonly unmanaged: readonly Item[];
  /** Subscriptions that the cluster holds and that are local to a server by their names; neither made nor dropped. */
  readonly local: readonly Finding[];
  /** Users of whom nobody here can tell whether their password is the cluster's. */
  readonly unverified: readonly string[];
  /** Confirms exactly the drops that are pending for their number. */
  readonly confirmation?: string;
}
