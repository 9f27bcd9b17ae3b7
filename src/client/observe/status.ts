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
  /** The last poll was answered. */
  | 'online'
  /** The manager cannot be reached; the local metadata may be old. Goes on trying. */
  | 'offline'
  /** The manager holds another cluster's metadata; waits for `adopt()` or `reseed()`. */
  | 'foreignCluster'
  | 'closing'
  | 'closed';

/** Where a CfluxClient stands. */
export interface CfluxStatus {
  readonly state: CfluxState;
  readonly cluster: string;
  /** The manager's URL, or what a transport of one's own says of itself. */
  readonly endpoint: string | undefined;
  /** Given by the manager. */
  readonly nodeId: number | undefined;
  /** The version that the wrapped client holds; 0 before the node has joined. */
  readonly version: number;
  /** The manager's history that `version` belongs to. */
  readonly epoch: string | undefined;
  /** Milliseconds since 1970. */
  readonly lastHeartbeatAt: number | undefined;
  /** Milliseconds since 1970, of the last poll that was answered. */
  readonly lastSyncAt: number | undefined;
  /** Mutations that wait for their turn. */
  readonly pendingMutations: number;
}
