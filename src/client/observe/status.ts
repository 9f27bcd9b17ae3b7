/**
 * ```
 * created → opening → online ⇄ offline
 *              │         ⇅       ⇅
 *              └──────→ foreign ─┘        any → closing → closed
 * ```
 */
export type CfluxState =
  | 'created'
  /** Registering and fetching, or seeding, the first metadata. */
  | 'opening'
  /** The last poll got a response. */
  | 'online'
  /** The manager cannot be reached; the local metadata may be stale. The client keeps retrying. */
  | 'offline'
  /** The manager has another cluster's metadata; the client waits for `adopt()` or `reseed()`. */
  | 'foreignCluster'
  | 'closing'
  | 'closed';

/** The current status of a CfluxClient. */
export interface CfluxStatus {
  readonly state: CfluxState;
  readonly cluster: string;
  /** The manager's URL, or the `endpoint` of a custom transport. */
  readonly endpoint: string | undefined;
  /** Assigned by the manager. */
  readonly nodeId: number | undefined;
  /** The version of the wrapped client's metadata; 0 before the node has joined. */
  readonly version: number;
  /** The manager's history that `version` belongs to. */
  readonly epoch: string | undefined;
  /** Milliseconds since 1970. */
  readonly lastHeartbeatAt: number | undefined;
  /** Milliseconds since 1970 of the last poll with a response. */
  readonly lastSyncAt: number | undefined;
  /** Number of queued mutations. */
  readonly pendingMutations: number;
}
