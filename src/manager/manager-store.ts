import type { CertificateInfo } from '../certificates.js';
import type { Clock } from '../clock.js';
import type { DropOrders, DropsChange } from '../protocol/drop-orders.js';
import type { NodeProgress } from '../protocol/node-progress.js';
import type { NodeInfo } from '../protocol/nodes.js';
import type { Random } from '../random.js';
import type { KnownProgress } from './nodes/tracked-node.js';
import type { Pusher } from './pushes/pusher.js';

/** What a manager passes to its store when it opens it: a store has no clock, randomness or limits of its own. */
export interface StoreContext {
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds for which a node counts as alive after its last heartbeat. */
  readonly nodeTtl: number;
  /** Number of versions of a cluster to keep, the newest included. */
  readonly keepVersions: number;
  /** Shortest time for which a mutation id is remembered, in milliseconds. */
  readonly mutationMemory: number;
  /** Number of nodes, alive or not, that a cluster may have. */
  readonly maxNodes: number;
  /**
   * For stores with `pushQueue`: how long other pushes wait for the next push of a requester that lost a conflict, in milliseconds.
   * Default: 250.
   */
  readonly conflictHold?: number;
}

/** What is kept of a version besides its bytes. */
export interface VersionRecord {
  /** Strictly increasing; never reused, even after its cluster was deleted or the store was wiped. */
  readonly version: number;
  /** Id of the mutation that created it. */
  readonly mutation: string;
  /** When it was stored, in milliseconds since 1970 by the manager's wall clock; informational. */
  readonly at: number;
  /** Size of the snapshot in bytes. */
  readonly size: number;
  /** Id of the node that pushed it, if the request named it. */
  readonly nodeId?: number | undefined;
  /** Name of the token that pushed it, if the manager uses tokens. */
  readonly author?: string | undefined;
}

/** The current state of a cluster's history. */
export interface Head {
  /** Identity of the history; every name has one, even before its first version. */
  readonly epoch: string;
  /** The newest version; undefined if the cluster has no data. */
  readonly latest?: VersionRecord | undefined;
  /**
   * Every retained version, newest first. If it is undefined, the manager cannot detect that a node's version belongs to another history.
   */
  readonly retained?: readonly VersionRecord[] | undefined;
}

/** A history that may begin with a cluster's next version; nothing of it is stored before. */
export interface NewHistory {
  readonly epoch: string;
  /** The value from which the store derives `epoch`. */
  readonly generation: number;
}

/** The bytes of a snapshot in pieces, which may share memory with those of earlier versions. Immutable. */
export interface SnapshotBytes {
  readonly byteLength: number;
  /** The bytes in order. */
  readonly pieces: readonly Uint8Array[];
  /** Views of the bytes from `start` up to `end`. */
  slice(start: number, end: number): readonly Uint8Array[];
  /** The bytes in one piece: joined at most once. */
  whole(): Uint8Array;
}

/** A snapshot to be stored as a cluster's next version. */
export interface Commit {
  readonly cluster: string;
  /** The version that the snapshot was made from. Ignored while the cluster has no data. */
  readonly base: number;
  readonly snapshot: Uint8Array;
  /**
   * The bytes of `snapshot`, which share memory with those of earlier versions. `snapshot` is joined from them when it is first read, so a
   * store in memory keeps these instead: a change of large metadata then costs what changed.
   */
  readonly bytes?: SnapshotBytes | undefined;
  readonly mutation: string;
  /** The history that `base` belongs to; undefined accepts any. */
  readonly epoch?: string | undefined;
  /** A lower bound: the new version is above it. */
  readonly minVersion?: number | undefined;
  /** The history that the version begins, if the cluster has no data: its present epoch belongs to a history that was lost (R11). */
  readonly newHistory?: NewHistory | undefined;
  readonly nodeId?: number | undefined;
  readonly author?: string | undefined;
  /** Drop orders that are made or revoked in the transaction of the version (R36). A store without `dropOrders` ignores them. */
  readonly drops?: DropsChange | undefined;
  /** The requester, for a store with a push queue. It is not stored. */
  readonly pusher?: Pusher | undefined;
}

/** The result of a commit. */
export type CommitResult =
  /** Stored, durably. */
  | {
      readonly kind: 'committed';
      readonly epoch: string;
      readonly record: VersionRecord;
      /** The drop orders of the commit were stored with it. */
      readonly hasDrops?: boolean;
    }
  /** The same mutation was stored before, as `version`; nothing was stored now. */
  | {
      readonly kind: 'repeated';
      readonly epoch: string;
      readonly version: number;
      /** The drop orders of the commit were stored with that version. */
      readonly hasDrops?: boolean;
    }
  /** `base` is not the newest version; nothing was stored. */
  | ({ readonly kind: 'conflict'; readonly latest: VersionRecord } & Head)
  /** The cluster has another history; nothing was stored. */
  | { readonly kind: 'epochMismatch'; readonly epoch: string };

/** The drop orders of a cluster, read together with its head; `version` is 0 if the cluster has no data. */
export interface StoredDropOrders extends DropOrders {
  readonly epoch: string;
}

/** A cluster in the store: it has data, or nodes. */
export interface ClusterRecord extends Head {
  readonly cluster: string;
}

/** What is kept of a node besides its id. */
export type NodeDetails = Pick<NodeInfo, 'ip' | 'hostname' | 'bindAddress'>;

/** A node with its reported progress. */
export interface StoredNode extends NodeDetails {
  readonly id: number;
  readonly alive: boolean;
  /** It is not alive because it shut down. Absent if the store does not know. */
  readonly left?: boolean;
  /** The last reported progress; absent if none was reported since the store opened and none was stored. */
  readonly progress?: KnownProgress | undefined;
  /** The agent's report, as passed to `setReport`. */
  readonly reportJson?: string | undefined;
}

/** Result of a heartbeat: whether the node exists, or `duplicate` if two processes share its id. */
export type HeartbeatResult = boolean | 'duplicate';

/** Result of updating a node's description; `unknown`: the cluster has no such node. */
export type NodeUpdate = 'changed' | 'unchanged' | 'unknown';

/** Identifies one of the managers that share a store; informational. */
export interface ManagerInfo {
  readonly id: string;
  readonly hostname: string;
  readonly bindAddress: string;
}

/**
 * Persistent storage of a manager. Several managers, in several processes, may share one store.
 *
 * Between `open` and `close` every method may be called concurrently. A method that fails rejects with a `CfluxError`: `UNAVAILABLE`
 * (retryable), `OUT_OF_SPACE`, `STORAGE_FAILED`; for `commit`, `outcome: 'notApplied'` guarantees that nothing was stored and nothing
 * will be. Cluster names are well-formed Unicode, 1–255 bytes as UTF-8; they are opaque (`__proto__` and `../x` are valid too), and
 * clusters are isolated from each other. Neither side ever modifies bytes that were passed or returned.
 *
 * `checkCommit` decides whether a commit may be stored; use it in a store of your own too. `clusterflux/testing` contains the contract as
 * a suite of checks for such a store.
 */
export interface ManagerStore {
  /** Informational: `memory`, a directory, a list of endpoints. */
  readonly name: string;
  /** TLS certificates of the connections to the store, for metrics. Undefined: there are none. */
  readonly certificates?: readonly CertificateInfo[];

  /** Opens the store with what earlier processes stored. Idempotent. */
  open(context: StoreContext): Promise<void>;
  /** Waits for what is in flight and releases all resources. Idempotent. */
  close(): Promise<void>;
  /** Rejects with the reason why the store cannot serve now. */
  check(): Promise<void>;

  /** Reads the current head: it includes everything that any process had committed when this was called. */
  head(cluster: string): Promise<Head>;
  /** Reads the bytes of a retained version; resolves with `undefined` if it is not retained. */
  read(cluster: string, version: number): Promise<Uint8Array | undefined>;
  /** Lists the retained versions, newest first. */
  history(cluster: string): Promise<readonly VersionRecord[]>;
  /**
   * Stores a version if `base` still is the newest, atomically among all processes that share the store; the version, its bytes and its
   * mutation id become durable together, before this resolves. Checks in this order: a known mutation is `repeated`, another epoch
   * `epochMismatch`, another base `conflict`; `checkCommit` makes this decision for every store. Removes versions beyond `keepVersions`,
   * and mutation ids only after `mutationMemory`.
   *
   * @param signal ends waiting in the push queue, if the store has one; a commit that has begun to be stored is completed.
   */
  commit(commit: Commit, signal?: AbortSignal): Promise<CommitResult>;
  /**
   * Reads the drop orders of versions above `since`, in one transaction with the head: of every version up to the returned one. They are
   * kept for 30 days and removed with the cluster; beyond 1,000, the oldest are removed. If a store omits this method, no orders are made.
   */
  dropOrders?(cluster: string, since: number): Promise<StoredDropOrders>;
  /**
   * Present if the store itself queues pushes fairly, for the nodes of all managers that share it (R26): `commit` waits, and the loser of
   * a conflict receives the version that stays the newest until its next commit. Absent: each manager queues the pushes of its own nodes.
   */
  readonly pushQueue?: {
    /** The requester has nothing to commit after all: gives up its ticket. */
    yield(cluster: string, pusher: Pusher): void;
  };

  /** Lists every cluster with data or nodes, ordered by name. */
  clusters(): Promise<readonly ClusterRecord[]>;
  /**
   * Removes a cluster's versions, mutation ids and nodes. Its next history has another epoch and continues above the highest version of
   * this one. Resolves with `false`, and writes nothing, if the cluster had neither versions nor nodes.
   */
  deleteCluster(cluster: string): Promise<boolean>;

  /**
   * Returns a history that no version of the cluster has been part of, for `Commit.newHistory`. Stores nothing. The new history continues
   * above `minVersion`. If a store omits this method, the epoch of a cluster that lost its data stays the same.
   */
  newHistory?(cluster: string, minVersion: number): Promise<NewHistory>;

  /**
   * Registers a node as alive, and resolves with an id that was never assigned before. Rejects with `TOO_MANY_REQUESTS` beyond
   * `maxNodes`. `progress` contains the instance that registers.
   */
  addNode(cluster: string, node: NodeDetails, progress?: NodeProgress): Promise<number>;
  /**
   * Marks the node as alive for the time to live (`leaving`: as not alive until its next heartbeat). Returns `false` if there is no such
   * node. A node does not expire because of time in which this process did not run. Should return synchronously if possible, because this
   * is the most frequent call.
   *
   * @param progress The progress of the node, for `nodes` (R28). A store that keeps it detects two processes that share an id by their
   * instances, and returns `duplicate` to both. Absent if the requester did not send it.
   */
  heartbeat(
    cluster: string,
    nodeId: number,
    leaving?: boolean,
    progress?: NodeProgress,
  ): HeartbeatResult | Promise<HeartbeatResult>;
  /** Records the version above 0 that a poll of the node named; unknown nodes are ignored. If omitted, only heartbeats count. */
  noteHeld?(cluster: string, nodeId: number, progress: NodeProgress): void;
  /**
   * Replaces the report of a node's agent, for `nodes`. Resolves with `false` if there is no such node. Rejects with `TOO_MANY_REQUESTS`
   * if the reports of the cluster would exceed 8 MiB. A store that omits this method keeps no reports.
   */
  setReport?(cluster: string, nodeId: number, report: string): Promise<boolean>;
  /** Replaces the stored description of a node. If a store omits this method, a node keeps the description that it registered with. */
  updateNode?(cluster: string, nodeId: number, node: NodeDetails): Promise<NodeUpdate>;
  /** Removes the node. Resolves with `false` if there is no such node. */
  removeNode(cluster: string, nodeId: number): Promise<boolean>;
  /**
   * Since when the store has known every node that is alive, by the monotonic clock of `StoreContext`: a store that was out of reach may
   * have missed heartbeats. If it is omitted, since the store opened.
   */
  knowsNodesSince?(): number;
  /** Lists the cluster's nodes, alive or not, ordered by id. */
  nodes(cluster: string): Promise<readonly StoredNode[]>;

  /**
   * Calls `onChange` after a cluster's head changed, in any process; `undefined` means that any cluster may have changed. It may be
   * called more often than needed, and late, but every change by another process after this returned is reported.
   */
  watch(onChange: (cluster: string | undefined) => void): () => void;

  /** Announces this manager to the others on this store until `close`. Omitted by a store for a single process. */
  announce?(self: ManagerInfo): Promise<void>;
  /** Lists the managers that are alive, this one included. */
  managers?(): Promise<readonly ManagerInfo[]>;
}
