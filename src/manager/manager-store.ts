import type { CertificateInfo } from '../certificates.js';
import type { Clock } from '../clock.js';
import type { NodeWord } from '../protocol/node-word.js';
import type { NodeInfo } from '../protocol/nodes.js';
import type { Random } from '../random.js';
import type { SaidOfNode } from './nodes/voice.js';

/** What a manager hands its store when it opens it: a store has no time, chance or limits of its own. */
export interface StoreContext {
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds after its last heartbeat that a node counts as alive. */
  readonly nodeTtl: number;
  /** How many versions of a cluster are kept, the newest included. */
  readonly keepVersions: number;
  /** How long a mutation id is remembered at least, in milliseconds. */
  readonly mutationMemory: number;
  /** How many nodes, alive or not, a cluster may have. */
  readonly maxNodes: number;
  /** For stores with `pushQueue`: how long others wait for the next push of a requester that lost, in milliseconds. Default: 250. */
  readonly conflictHold?: number;
}

/** What is kept of a version beside its bytes. */
export interface VersionRecord {
  /** Only ever rises, and is never used again, not even after its cluster was deleted or the store was wiped. */
  readonly version: number;
  /** Identity of the push that made it. */
  readonly mutation: string;
  /** When it was stored, in milliseconds since 1970 by the manager's wall clock; for people. */
  readonly at: number;
  /** Bytes of the snapshot. */
  readonly size: number;
  /** Who pushed it: the node's id, where it said so. */
  readonly nodeId?: number | undefined;
  /** Who pushed it: the name of its token, where the manager is set up with tokens. */
  readonly author?: string | undefined;
}

/** Where a cluster's history stands. */
export interface Head {
  /** Identity of the history; there is one for every name, also before its first version. */
  readonly epoch: string;
  /** The newest version; absent: the cluster has no data. */
  readonly latest?: VersionRecord | undefined;
  /** Every version that is kept, newest first. Absent: nobody is told that what he has is of another history. */
  readonly retained?: readonly VersionRecord[] | undefined;
}

/** A history that may begin with a cluster's next version; nothing is stored of it before. */
export interface NewHistory {
  readonly epoch: string;
  /** What the store derives `epoch` from. */
  readonly generation: number;
}

/** A snapshot that shall become a cluster's next version. */
export interface Commit {
  readonly cluster: string;
  /** The version that the snapshot was made from. In a cluster without data any is right. */
  readonly base: number;
  readonly snapshot: Uint8Array;
  readonly mutation: string;
  /** The history that `base` belongs to; absent: whatever there is. */
  readonly epoch?: string | undefined;
  /** The new version is above this one too. */
  readonly minVersion?: number | undefined;
  /** The version begins this history, if the cluster has no data: its present epoch belongs to a history that was lost (R11). */
  readonly newHistory?: NewHistory | undefined;
  readonly nodeId?: number | undefined;
  readonly author?: string | undefined;
  /** Address of who pushed it: tells those without a node id apart. It is not kept. */
  readonly remote?: string | undefined;
}

/** How a commit ended. */
export type CommitResult =
  /** Stored, durably. */
  | { readonly kind: 'committed'; readonly epoch: string; readonly record: VersionRecord }
  /** The same mutation was stored before, as this version; nothing was stored now. */
  | { readonly kind: 'repeated'; readonly epoch: string; readonly version: number }
  /** `base` is not the newest version; nothing was stored. */
  | ({ readonly kind: 'conflict'; readonly latest: VersionRecord } & Head)
  /** The cluster's history is another one; nothing was stored. */
  | { readonly kind: 'epochMismatch'; readonly epoch: string };

/** A cluster that the store knows: it has data, or nodes. */
export interface ClusterRecord extends Head {
  readonly cluster: string;
}

/** What is kept of a node beside its id. */
export type NodeDetails = Pick<NodeInfo, 'ip' | 'hostname' | 'bindAddress'>;

/** A node, and what the store knows of it from its own words. */
export interface StoredNode extends NodeDetails {
  readonly id: number;
  readonly alive: boolean;
  /** What it said last; absent: nothing since the store opened, and nothing that was kept. */
  readonly said?: SaidOfNode | undefined;
  /** Its agent's report, as `setReport` got it. */
  readonly reportJson?: string | undefined;
}

/** How a heartbeat ended: whether there is such a node, or that two processes share its id. */
export type HeartbeatResult = boolean | 'duplicate';

/** What became of a node's new description; `unknown`: the cluster has no such node. */
export type NodeUpdate = 'changed' | 'unchanged' | 'unknown';

/** What tells managers that share a store apart, for people. */
export interface ManagerInfo {
  readonly id: string;
  readonly hostname: string;
  readonly bindAddress: string;
}

/**
 * Where a manager keeps what must outlive it. Several managers, in several processes, may share one store.
 *
 * Every method may be called as often and as concurrently as one likes between `open` and `close`. A failing method rejects
 * with a `CfluxError`: `UNAVAILABLE` (retryable), `OUT_OF_SPACE`, `STORAGE_FAILED`; for `commit`, `outcome: 'notApplied'` says
 * that certainly nothing was stored, now or later. Cluster names are well-formed Unicode, 1–255 bytes as UTF-8; they are
 * only names (`__proto__` and `../x` too), and nothing of one cluster shows in another. Bytes that were handed over or
 * given out are never changed afterwards by either side.
 *
 * `checkCommit` decides whether a commit may be stored, for a store of your own too. `clusterflux/testing` has the contract as a
 * suite of checks that such a store can be run through.
 */
export interface ManagerStore {
  /** For people: `memory`, a directory, a list of endpoints. */
  readonly name: string;
  /** TLS certificates of the connections to it, for metrics. Absent: none. */
  readonly certificates?: readonly CertificateInfo[];

  /** Gets ready, and keeps what an earlier process stored. Idempotent. */
  open(context: StoreContext): Promise<void>;
  /** Waits for what is in flight and frees everything. Idempotent. */
  close(): Promise<void>;
  /** Rejects with the reason why the store can not serve now. */
  check(): Promise<void>;

  /** Where the cluster stands now: nothing that any process had committed when this was called is missing. */
  head(cluster: string): Promise<Head>;
  /** The bytes of a kept version; absent: it is not kept (any more). */
  read(cluster: string, version: number): Promise<Uint8Array | undefined>;
  /** Versions that are kept, newest first. */
  history(cluster: string): Promise<readonly VersionRecord[]>;
  /**
   * Stores a version if `base` still is the newest, atomically among all processes that share the store; the version, its bytes
   * and its mutation id become durable together, before this resolves. Looks in this order: a known mutation is
   * `repeated`, another epoch `epochMismatch`, another base `conflict`; `checkCommit` makes this decision for every store. Forgets versions beyond `history`, and mutation ids
   * only after `mutationMemory`.
   *
   * @param signal Ends waiting for a turn, where the store gives turns; what has begun to be stored is carried out.
   */
  commit(commit: Commit, signal?: AbortSignal): Promise<CommitResult>;
  /**
   * Present where the store gives fair turns itself, to the nodes of all managers that share it (R26): `commit` waits, and who
   * loses is told of what stays the newest until its next commit. Absent: each manager does so for its own nodes.
   */
  readonly pushQueue?: {
    /** The node has nothing to commit after all. */
    yield(cluster: string, nodeId: number | undefined, remote: string | undefined): void;
  };

  /** Every cluster with data or nodes, ordered by name. */
  clusters(): Promise<readonly ClusterRecord[]>;
  /**
   * Removes a cluster's versions, mutation ids and nodes. Its next history has another epoch and goes on above the highest
   * version of this one. `false`: the cluster had neither versions nor nodes, and nothing was written.
   */
  deleteCluster(cluster: string): Promise<boolean>;

  /**
   * Returns a history that no version of the cluster has been part of, for `Commit.newHistory`. Stores nothing. `above` is a version
   * that the new history must go on above. Absent: the epoch of a cluster that lost its data stays the same.
   */
  newHistory?(cluster: string, minVersion: number): Promise<NewHistory>;

  /** Makes a node known, and alive; its id was never given before. Beyond `maxNodes`: `TOO_MANY_REQUESTS`. `word`: which process it is. */
  addNode(cluster: string, node: NodeDetails, word?: NodeWord): Promise<number>;
  /**
   * The node is alive for the time to live (`leaving`: is not alive, until its next heartbeat). `false`: no such node.
   * A node is not expired for time in which this process did not run. Answers directly where it can: of all calls this one
   * comes most often.
   *
   * @param word What the node says of itself, for `nodes` (R28). A store that keeps it tells two processes that share an id by their
   * instances, and answers `duplicate` to both; absent: nothing is known of what it says.
   */
  heartbeat(
    cluster: string,
    nodeId: number,
    leaving?: boolean,
    word?: NodeWord,
  ): HeartbeatResult | Promise<HeartbeatResult>;
  /** A poll of the node named a version that it has, above 0; an unknown node says nothing. Absent: only heartbeats say so. */
  noteHeld?(cluster: string, nodeId: number, word: NodeWord): void;
  /**
   * Keeps the report of a node's agent in place of the one before, for `nodes`. `false`: no such node. Beyond 8 MiB of one
   * cluster: `TOO_MANY_REQUESTS`. Absent: reports are not kept.
   */
  setReport?(cluster: string, nodeId: number, report: string): Promise<boolean>;
  /** Replaces what is kept of a node. Absent: a node stays as it was when it registered. */
  updateNode?(cluster: string, nodeId: number, node: NodeDetails): Promise<NodeUpdate>;
  /** Forgets the node. `false`: no such node. */
  removeNode(cluster: string, nodeId: number): Promise<boolean>;
  /** The cluster's nodes, alive or not, ordered by id. */
  nodes(cluster: string): Promise<readonly StoredNode[]>;

  /**
   * Calls `onChange` after a cluster's head changed, whoever changed it; `undefined` is «any of them may have». It may be called
   * more often, and late, but no change of another process after this returned stays untold.
   */
  watch(onChange: (cluster: string | undefined) => void): () => void;

  /** Tells the other managers on this store about this one until `close`. Absent: a store of one process. */
  announce?(self: ManagerInfo): Promise<void>;
  /** The managers that are alive, this one too. */
  managers?(): Promise<readonly ManagerInfo[]>;
}
