import { withTimeout } from '../async/deadline.js';
import type { Deadlines } from '../async/deadlines.js';
import { lenientTimer } from '../async/lenient-timer.js';
import type { CertificateInfo } from '../certificates.js';
import { CfluxError, type Outcome } from '../errors.js';
import type { NodeProgress } from '../protocol/node-progress.js';
import type {
  ClusterRecord,
  Commit,
  CommitResult,
  Head,
  HeartbeatResult,
  ManagerInfo,
  ManagerStore,
  NodeDetails,
  NodeUpdate,
  StoreContext,
  StoredDropOrders,
  StoredNode,
  VersionRecord,
} from './manager-store.js';
import { keepsNoDropOrders, storeIsLate } from './refusals.js';

/**
 * Time limits for the methods of a store, in milliseconds: less than half of what a client gives one attempt of the request that needs
 * them, so that the client gets a response instead of a timeout, and can still retry.
 */
const storeLimits = {
  heartbeat: 700,
  removeNode: 700,
  addNode: 1_400,
  nodes: 1_400,
  dropOrders: 1_400,
  check: 3_000,
  other: 5_000,
} as const;

/** Wraps a store so that each call settles in time. `PushDeadlines` limits the time of commits instead. */
export class TimedStore implements ManagerStore {
  readonly name: string;
  readonly pushQueue?: NonNullable<ManagerStore['pushQueue']>;
  readonly newHistory?: NonNullable<ManagerStore['newHistory']>;
  readonly #store: ManagerStore;
  readonly #timer: ReturnType<typeof lenientTimer>;

  constructor(store: ManagerStore, deadlines: Deadlines) {
    this.name = store.name;
    if (store.pushQueue !== undefined) this.pushQueue = store.pushQueue;
    const newHistory = store.newHistory?.bind(store);
    if (newHistory !== undefined) {
      this.newHistory = (cluster, minVersion) =>
        this.#reading(storeLimits.other, newHistory(cluster, minVersion));
    }
    this.#store = store;
    this.#timer = lenientTimer({ after: (ms, callback) => deadlines.add(ms, callback) });
  }

  get certificates(): readonly CertificateInfo[] {
    return this.#store.certificates ?? [];
  }

  open(context: StoreContext): Promise<void> {
    return this.#store.open(context);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  check(): Promise<void> {
    return this.#reading(storeLimits.check, this.#store.check());
  }

  head(cluster: string): Promise<Head> {
    return this.#reading(storeLimits.other, this.#store.head(cluster));
  }

  read(cluster: string, version: number): Promise<Uint8Array | undefined> {
    return this.#reading(storeLimits.other, this.#store.read(cluster, version));
  }

  history(cluster: string): Promise<readonly VersionRecord[]> {
    return this.#reading(storeLimits.other, this.#store.history(cluster));
  }

  commit(commit: Commit, signal?: AbortSignal): Promise<CommitResult> {
    return this.#store.commit(commit, signal);
  }

  async dropOrders(cluster: string, since: number): Promise<StoredDropOrders> {
    const reading = this.#store.dropOrders?.(cluster, since);
    if (reading === undefined) throw keepsNoDropOrders();
    return this.#reading(storeLimits.dropOrders, reading);
  }

  clusters(): Promise<readonly ClusterRecord[]> {
    return this.#reading(storeLimits.other, this.#store.clusters());
  }

  deleteCluster(cluster: string): Promise<boolean> {
    return this.#within(storeLimits.other, this.#store.deleteCluster(cluster));
  }

  /** If a registration comes too late its id is removed again: no client received it. */
  async addNode(cluster: string, node: NodeDetails, progress?: NodeProgress): Promise<number> {
    const adding = this.#store.addNode(cluster, node, progress);
    let isLate = false;
    adding.then(
      (nodeId) => (isLate ? this.#store.removeNode(cluster, nodeId).catch(() => false) : false),
      () => {},
    );
    const timeoutError = () => {
      isLate = true;
      return this.#late(storeLimits.addNode, 'unknown');
    };
    return withTimeout({ clock: this.#timer, timeout: storeLimits.addNode, timeoutError }, adding);
  }

  /** Synchronous if the store is. */
  heartbeat(
    cluster: string,
    nodeId: number,
    leaving?: boolean,
    progress?: NodeProgress,
  ): HeartbeatResult | Promise<HeartbeatResult> {
    const known = this.#store.heartbeat(cluster, nodeId, leaving, progress);
    return typeof known === 'object' ? this.#within(storeLimits.heartbeat, known) : known;
  }

  noteHeld(cluster: string, nodeId: number, progress: NodeProgress): void {
    this.#store.noteHeld?.(cluster, nodeId, progress);
  }

  async setReport(cluster: string, nodeId: number, report: string): Promise<boolean> {
    const storing = this.#store.setReport?.(cluster, nodeId, report);
    return storing === undefined || this.#within(storeLimits.other, storing);
  }

  async updateNode(cluster: string, nodeId: number, node: NodeDetails): Promise<NodeUpdate> {
    const updating = this.#store.updateNode?.(cluster, nodeId, node);
    // The update is part of a heartbeat.
    return updating === undefined ? 'unchanged' : this.#within(storeLimits.heartbeat, updating);
  }

  removeNode(cluster: string, nodeId: number): Promise<boolean> {
    return this.#within(storeLimits.removeNode, this.#store.removeNode(cluster, nodeId));
  }

  nodes(cluster: string): Promise<readonly StoredNode[]> {
    return this.#reading(storeLimits.nodes, this.#store.nodes(cluster));
  }

  /** `undefined`: since the store opened. */
  get nodesKnownSince(): number | undefined {
    return this.#store.knowsNodesSince?.();
  }

  watch(onChange: (cluster: string | undefined) => void): () => void {
    return this.#store.watch(onChange);
  }

  async announce(self: ManagerInfo): Promise<void> {
    await this.#store.announce?.(self);
  }

  /** Only `self` if managers cannot share the store. */
  async managers(self?: ManagerInfo): Promise<readonly ManagerInfo[]> {
    const managers = this.#store.managers?.();
    if (managers !== undefined) return this.#reading(storeLimits.other, managers);
    return self === undefined ? [] : [self];
  }

  #within<T>(ms: number, work: Promise<T>, outcome: Outcome = 'unknown'): Promise<T> {
    return withTimeout(
      { clock: this.#timer, timeout: ms, timeoutError: () => this.#late(ms, outcome) },
      work,
    );
  }

  /** A failed read never stored anything. */
  async #reading<T>(ms: number, work: Promise<T>): Promise<T> {
    try {
      return await this.#within(ms, work, 'notApplied');
    } catch (error) {
      const failure = CfluxError.from(error, 'MANAGER_FAILED');
      if (failure.outcome === 'notApplied') throw failure;
      const { code, message, retryable, status, retryAfter } = failure;
      throw new CfluxError(code, message, {
        cause: failure,
        outcome: 'notApplied',
        retryable,
        ...(status === undefined ? {} : { status }),
        ...(retryAfter === undefined ? {} : { retryAfter }),
      });
    }
  }

  #late(ms: number, outcome: Outcome): CfluxError {
    return storeIsLate(this.name, ms, outcome);
  }
}
