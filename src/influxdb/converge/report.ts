import type { Findings, Step } from '../plan/plan.js';

/** The result of one convergence. */
export interface Report extends Findings {
  /** The server's URL. */
  readonly server: string;
  /** The version of the cluster that the server was brought in sync with, and its epoch; `undefined` if the caller did not name them. */
  readonly version: number | undefined;
  readonly epoch: string | undefined;
  /** `snapshot`: with password hashes; `show`: without them. */
  readonly source: 'snapshot' | 'show';
  /** Completed changes, in order. */
  readonly done: readonly Step[];
  /** `true` if the convergence ended early because the cluster changed; otherwise absent. */
  readonly unfinished?: true;
  /** Drop orders of versions up to this one may have been removed by the manager before they were read; otherwise absent. */
  readonly missedOrders?: number;
}
