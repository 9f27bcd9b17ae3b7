import type { NodeReport } from '../protocol/node-report.js';
import type { NodeWord } from '../protocol/node-word.js';
import type { NodeDescription, NodeInfo, Registration } from '../protocol/nodes.js';

/** Limits of one call. */
export interface CallOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds that the whole call may take, all attempts together; the default is the transport's own. */
  readonly timeout?: number;
}

/** Who registers. */
export interface RegisterRequest {
  readonly cluster: string;
  readonly node: NodeDescription;
  /** The process of the node: another one after every start. */
  readonly instance?: string | undefined;
}

/** Which node of which cluster. */
export interface NodeRequest {
  readonly cluster: string;
  readonly nodeId: number;
}

/** Which node is alive, and what it has. */
export interface HeartbeatRequest extends NodeRequest {
  /** The node closes: it is not alive from now on, and keeps its id. */
  readonly leaving?: boolean;
  /** The node describes itself differently than it did last. A manager that does not know this ignores it. */
  readonly node?: NodeDescription | undefined;
  /** What the node says of its process and its versions. A manager that does not know this ignores it. */
  readonly word?: NodeWord | undefined;
}

/** What the agent of a node found. */
export interface ReportRequest extends NodeRequest {
  readonly report: NodeReport;
}

/** A snapshot that shall become the cluster's next version. */
export interface PushRequest {
  readonly cluster: string;
  /** The version that the snapshot was made from; 0 is none. */
  readonly version: number;
  /** The whole metadata, encoded. */
  readonly snapshot: Uint8Array;
  /** Identity of this push: the same id is never applied twice by a manager that knows ids. */
  readonly mutation: string;
  /** The manager's history that `version` belongs to. */
  readonly epoch?: string | undefined;
  readonly nodeId?: number | undefined;
  /** The process of the node. */
  readonly instance?: string | undefined;
  /** What the node had before the manager lost its data. */
  readonly offer?: { readonly epoch: string; readonly version: number } | undefined;
}

/** What a node has, and how long it would wait for more. */
export interface PollRequest {
  readonly cluster: string;
  /** The version the node has; 0 is none. */
  readonly version: number;
  /** The longest hold wanted, in milliseconds; 0 answers at once. */
  readonly wait: number;
  readonly epoch?: string | undefined;
  /** The mutation that made `version`. */
  readonly mutation?: string | undefined;
  readonly nodeId?: number | undefined;
  /** The process of the node. */
  readonly instance?: string | undefined;
}

/** A version of the cluster's metadata as a manager hands it out. */
export interface Snapshot {
  readonly version: number;
  readonly snapshot: Uint8Array;
  /** Absent: the manager does not speak of epochs. */
  readonly epoch?: string | undefined;
  /** The mutation that made this version; absent: the manager does not speak of mutations. */
  readonly mutation?: string | undefined;
}

/** The request named another history than the manager's (412), or a version that its history does not have: nothing was stored. */
export interface EpochMismatch {
  readonly kind: 'epochMismatch';
  /** The manager's; the one that was named, where its store was restored and the version was lost. */
  readonly epoch: string;
  /** The newest version of the manager's history; 0: it has no data yet. Absent: it does not say. */
  readonly version?: number | undefined;
}

/** What a push may not know of itself. */
export interface AnswerLost {
  /** An earlier attempt of this push may have been stored: its answer was lost. */
  readonly answerLost?: boolean;
}

/** How a push ended. */
export type PushResult =
  | { readonly kind: 'committed'; readonly version: number; readonly epoch?: string | undefined }
  | (Snapshot & AnswerLost & { readonly kind: 'conflict' })
  | (EpochMismatch & AnswerLost);

/** How a poll ended. */
export type PollResult =
  | (Snapshot & { readonly kind: 'snapshot' })
  | {
      readonly kind: 'unchanged';
      /** The manager's version where it says so: that of the node's own push, which needs no body. */
      readonly version?: number | undefined;
      readonly epoch?: string | undefined;
      /** The mutation that made `version`. */
      readonly mutation?: string | undefined;
      /** The manager has lost its data, and collects what the nodes have for so many milliseconds; it says so only at once (`wait` 0). */
      readonly retryAfter?: number | undefined;
    }
  | EpochMismatch;

/**
 * How a client reaches the manager. Each method rejects with a `CfluxError`: `retryable` says whether another attempt makes
 * sense, and for a push `outcome: 'notApplied'` that certainly nothing was stored (absent or `unknown`: it may have been).
 * A heartbeat or deregistration of an id that the cluster never gave rejects with `NODE_NOT_FOUND`, a heartbeat under an id that two
 * processes use with `DUPLICATE_NODE`.
 */
export interface Transport {
  /** Makes the node a member, or takes it back under the id that it had. */
  register(request: RegisterRequest, options?: CallOptions): Promise<Registration>;
  /** Tells that the node is alive. */
  heartbeat(request: HeartbeatRequest, options?: CallOptions): Promise<void>;
  /** Tells what the agent of a node found. Absent, or `NO_SUCH_ROUTE`: the manager takes no reports. */
  report?(request: ReportRequest, options?: CallOptions): Promise<void>;
  /** Tells that the node leaves; its id is kept unless it is given up. */
  deregister(request: NodeRequest, options?: CallOptions): Promise<void>;
  /** Members in a stable order; empty when there are none. */
  nodes(request: { readonly cluster: string }, options?: CallOptions): Promise<readonly NodeInfo[]>;
  /** Offers a snapshot as the next version, if `version` still is the newest. */
  push(request: PushRequest, options?: CallOptions): Promise<PushResult>;
  /** Waits for a version that is newer than the one at hand, up to `wait` milliseconds. */
  poll(request: PollRequest, options?: CallOptions): Promise<PollResult>;
  /** Frees sockets and timers; calls under way reject. */
  close?(): Promise<void> | void;
  /** Where it is, for people: a URL, `local`. */
  readonly endpoint?: string;
  /** It makes its attempts itself; where absent, CfluxClient makes up to five of every call. */
  readonly retries?: boolean;
}
