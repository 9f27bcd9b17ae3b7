import type { MetadataForm } from '../protocol/deltas.js';
import type { DropOrders, DropsChange } from '../protocol/drop-orders.js';
import type { NodeProgress } from '../protocol/node-progress.js';
import type { NodeReport } from '../protocol/node-report.js';
import type { NodeDescription, NodeInfo, Registration } from '../protocol/nodes.js';
import type { WaitForNodesRequest, WaitForNodesResult } from '../protocol/waiting-for-nodes.js';

/** Limits of one call. */
export interface CallOptions {
  /** Aborts the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole call, all attempts together. Default: that of the transport. */
  readonly timeout?: number;
}

/** A node that registers. */
export interface RegisterRequest {
  readonly cluster: string;
  readonly node: NodeDescription;
  /** The process of the node: another one after every start. */
  readonly instance?: string | undefined;
}

/** A node of a cluster. */
export interface NodeRequest {
  readonly cluster: string;
  readonly nodeId: number;
}

/** A node that is alive, and its version. */
export interface HeartbeatRequest extends NodeRequest {
  /** Whether the node closes: it is then no longer alive, but keeps its id. */
  readonly leaving?: boolean;
  /** The description of the node, if it changed. Older managers ignore it. */
  readonly node?: NodeDescription | undefined;
  /** The instance and the versions of the node. Older managers ignore it. */
  readonly progress?: NodeProgress | undefined;
}

/** What the agent of a node found. */
export interface ReportRequest extends NodeRequest {
  readonly report: NodeReport;
}

/** A pushed snapshot as its difference from the version that it is based on. */
export interface PushedDelta {
  /** The delta in VCDIFF (RFC 3284). */
  readonly bytes: Uint8Array;
  /** SHA-256 of the snapshot: `sha-256=:<base64>:`. */
  readonly digest: string;
}

/**
 * A snapshot to store as the cluster's next version. CfluxClient creates `snapshot` and `delta` when they are read, so a transport
 * should read only what it sends.
 */
export interface PushRequest {
  readonly cluster: string;
  /** The version that the snapshot is based on; 0 means none. */
  readonly version: number;
  /**
   * The whole metadata, encoded. A decorator that passes another snapshot on must remove `delta` from the request: otherwise the inner
   * transport may send the delta, and the manager stores the metadata that it makes, not this snapshot.
   */
  readonly snapshot: Uint8Array;
  /**
   * The same snapshot as a delta from the manager's bytes of `version`, if the client has them. Optional for a transport: it may ignore
   * it, and must send `snapshot`, under the same mutation id, if the manager does not accept the delta.
   */
  readonly delta?: PushedDelta | undefined;
  /** Whether a conflict may contain a {@link SnapshotDelta} from `version` instead of a snapshot. Optional for a transport. */
  readonly acceptsDelta?: boolean | undefined;
  /** Id of this push, for idempotent retries: a manager with mutation ids never stores the same id twice. */
  readonly mutation: string;
  /** The manager's history that `version` belongs to. */
  readonly epoch?: string | undefined;
  readonly nodeId?: number | undefined;
  /** Id of a requester that is not a node, such as a command: it identifies the next push after a conflict. Any random text. */
  readonly requester?: string | undefined;
  /** The process of the node. */
  readonly instance?: string | undefined;
  /** Drop orders to make or revoke in the transaction of the version. */
  readonly drops?: DropsChange | undefined;
  /** The node's position before the manager lost its data. */
  readonly offer?: { readonly epoch: string; readonly version: number } | undefined;
}

/** The node's version, and how long to wait for a newer one. */
export interface PollRequest {
  readonly cluster: string;
  /** The node's version; 0 means none. */
  readonly version: number;
  /** Maximum wait in milliseconds; 0 requests an immediate response. */
  readonly wait: number;
  /** Whether the result may be a {@link SnapshotDelta} from `version` instead of a snapshot. Optional for a transport. */
  readonly acceptsDelta?: boolean | undefined;
  readonly epoch?: string | undefined;
  /** The mutation that made `version`. */
  readonly mutation?: string | undefined;
  readonly nodeId?: number | undefined;
  /** The process of the node. */
  readonly instance?: string | undefined;
}

/** Which drop orders to read. */
export interface DropOrdersRequest {
  readonly cluster: string;
  /** Only orders of versions above this one. */
  readonly since: number;
  /** The manager's history that `since` belongs to. */
  readonly epoch?: string | undefined;
}

/** A version of the cluster's metadata from a manager. */
export interface Snapshot {
  readonly version: number;
  readonly snapshot: Uint8Array;
  /** Absent if the manager has no epochs. */
  readonly epoch?: string | undefined;
  /** The mutation that made this version; absent if the manager has no mutation ids. */
  readonly mutation?: string | undefined;
  readonly delta?: undefined;
}

/** A version of the cluster's metadata as its difference from the version in the request; only for a request with `acceptsDelta`. */
export interface SnapshotDelta extends Omit<Snapshot, 'snapshot' | 'delta'> {
  readonly snapshot?: undefined;
  /** The delta in VCDIFF (RFC 3284). */
  readonly delta: Uint8Array;
  /**
   * SHA-256 of the snapshot that the delta produces: `sha-256=:<base64>:`. A delta whose result has another digest, or that states none,
   * must not be used.
   */
  readonly digest: string | undefined;
}

/** The request's epoch is not the manager's (412), or its history does not have the version: nothing was stored. */
export interface EpochMismatch {
  readonly kind: 'epochMismatch';
  /** The manager's epoch; equal to the request's if the store was restored and lost the version. */
  readonly epoch: string;
  /** The newest version of the manager's history; 0 if it has no data yet. Absent if the manager does not report it. */
  readonly version?: number | undefined;
}

/** Uncertainty about earlier attempts of a push. */
export interface AnswerLost {
  /** Whether an earlier attempt of this push may have been stored, because its response was lost. */
  readonly answerLost?: boolean;
}

/** How a push ended. */
export type PushResult =
  | {
      readonly kind: 'committed';
      readonly version: number;
      readonly epoch?: string | undefined;
      /** Whether the drop orders of the push were stored; an older manager ignores them. */
      readonly hasDrops?: boolean | undefined;
      /** How the metadata was sent; absent means `snapshot`. */
      readonly form?: MetadataForm | undefined;
    }
  | ((Snapshot | SnapshotDelta) & AnswerLost & { readonly kind: 'conflict' })
  | (EpochMismatch & AnswerLost);

/** How a poll ended. */
export type PollResult =
  | (Snapshot & { readonly kind: 'snapshot' })
  | (SnapshotDelta & { readonly kind: 'delta' })
  | {
      readonly kind: 'unchanged';
      /** The manager's version, if it reports one: that of the node's own push, which needs no body. */
      readonly version?: number | undefined;
      readonly epoch?: string | undefined;
      /** The mutation that made `version`. */
      readonly mutation?: string | undefined;
      /** Milliseconds for which a manager that lost its data collects offers from the nodes; reported only for `wait` 0. */
      readonly retryAfter?: number | undefined;
    }
  | EpochMismatch;

/** The result of a request for drop orders. */
export type DropOrdersResult = (DropOrders & { readonly kind: 'dropOrders' }) | EpochMismatch;

/**
 * The connection of a client to the manager. Each method rejects with a `CfluxError`: `retryable` indicates whether another attempt
 * may succeed, and for a push `outcome: 'notApplied'` that certainly nothing was stored (absent or `unknown`: it may have been).
 * Deltas are optional: a transport that ignores `delta` and `acceptsDelta` of requests, and returns snapshots only, works (R29).
 * A heartbeat or deregistration of an unknown id rejects with `NODE_NOT_FOUND`, a heartbeat under an id that two processes use with
 * `DUPLICATE_NODE`.
 */
export interface Transport {
  /** Registers the node, with its previous id if it has one. */
  register(request: RegisterRequest, options?: CallOptions): Promise<Registration>;
  /** Reports that the node is alive. */
  heartbeat(request: HeartbeatRequest, options?: CallOptions): Promise<void>;
  /** Sends the report of a node's agent. If it is omitted, or rejects with `NO_SUCH_ROUTE`, the manager accepts no reports. */
  report?(request: ReportRequest, options?: CallOptions): Promise<void>;
  /** Removes the node and its id from the cluster. */
  deregister(request: NodeRequest, options?: CallOptions): Promise<void>;
  /** Lists the members in a stable order; empty if there are none. */
  nodes(request: { readonly cluster: string }, options?: CallOptions): Promise<readonly NodeInfo[]>;
  /**
   * Waits until every node that counts has a version, up to `wait` milliseconds, and resolves with the nodes that lack it. Rejects with
   * `EPOCH_MISMATCH` if the version is not, or no longer, part of the manager's history. If it is omitted, or rejects with
   * `NO_SUCH_ROUTE`, the manager cannot wait for nodes. It must never resolve with `complete` from a list of nodes alone: an older manager
   * does not know which versions the nodes have.
   */
  waitForNodes?(request: WaitForNodesRequest, options?: CallOptions): Promise<WaitForNodesResult>;
  /** Stores a snapshot as the next version, if `version` is still the newest. */
  push(request: PushRequest, options?: CallOptions): Promise<PushResult>;
  /** Waits for a version that is newer than `version`, up to `wait` milliseconds. */
  poll(request: PollRequest, options?: CallOptions): Promise<PollResult>;
  /** Reads the drop orders of a cluster. If it is omitted, or rejects with `NO_SUCH_ROUTE`, the manager has none. */
  dropOrders?(request: DropOrdersRequest, options?: CallOptions): Promise<DropOrdersResult>;
  /** Releases sockets and timers. Pending calls reject. */
  close?(): Promise<void> | void;
  /** The location of the manager, for display: a URL, or `local`. */
  readonly endpoint?: string;
  /** Whether the transport retries itself; otherwise CfluxClient makes up to five attempts of every call. */
  readonly retries?: boolean;
}
