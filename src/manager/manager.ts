import { hostname } from 'node:os';
import { type Clock, systemClock } from '../clock.js';
import { CfluxError } from '../errors.js';
import type { NodeDescription, NodeInfo, Registered } from '../protocol/nodes.js';
import { longestPoll, nodeTimeToLive } from '../protocol/times.js';
import { type Random, randomUuid, systemRandom } from '../random.js';
import type { PollRequest, PollResult, PushRequest, PushResult } from '../transport/transport.js';
import type { Asker, Audit } from './audit.js';
import { Cluster } from './cluster.js';
import { Deadlines } from './deadlines.js';
import { checkClusterName, checkDescription, checkToken, defaultLimits, type Limits } from './limits.js';
import type {
  ClusterRecord,
  KnownNode,
  ManagerInfo,
  ManagerStore,
  StoreContext,
  VersionRecord,
} from './manager-store.js';

/** How a {@link Manager} works. */
export interface ManagerOptions {
  /** Where versions and nodes are kept. The manager opens and closes it. */
  readonly store: ManagerStore;
  /** Milliseconds after its last heartbeat that a node is alive. Default: 15,000. */
  readonly nodeTtl?: number;
  /** The longest hold of a poll, in milliseconds; at most and by default 300,000. */
  readonly pollHold?: number;
  /** How long a push that lost is waited for before others may push, in milliseconds; 0: no turns. Default: 250. */
  readonly turn?: number;
  /** How many versions of each cluster are kept. Default: 10. */
  readonly history?: number;
  /** What is taken at most. */
  readonly limits?: Partial<Limits>;
  /** Is told of every change, once it is stored. */
  readonly audit?: Audit;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** A registration, with what was recorded. */
export interface RegisteredNode extends Registered {
  readonly node: KnownNode;
}

// A client never resends a mutation that is past its deadline, and those are well below this (R27).
const mutationMemory = 15 * 60_000;
const mostIdleClusters = 1_000;
const mostCachedBytes = 256 * 1024 * 1024;

/**
 * Keeps the nodes of clusters and the versions of their metadata, which is opaque bytes to it.
 *
 * It does everything that the protocol asks of a manager except HTTP: {@link createManagerServer} serves one over HTTP,
 * {@link LocalTransport} hands one to clients of the same process. Opens its store at the first call.
 * @example
 * ```ts
 * const manager = new Manager({ store: new MemoryStore(), audit: (entry) => console.log(entry.action, entry.version) });
 * const client = new CfluxClient(new LocalMetaClient(), { transport: new LocalTransport(manager) });
 * await client.open();
 * await client.createDatabase('telegraf');
 * await client.close();
 * await manager.close();
 * ```
 */
export class Manager {
  readonly nodeTtl: number;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly random: Random;
  readonly #store: ManagerStore;
  readonly #pollHold: number;
  readonly #turn: number;
  readonly #history: number;
  readonly #audit: Audit | undefined;
  readonly #deadlines: Deadlines;
  /** Least recently used first. */
  readonly #clusters = new Map<string, Cluster>();
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #id: string;
  #bindAddress = '';
  #heldPolls = 0;
  #isOpen = false;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #unwatch: (() => void) | undefined;
  #lastError: unknown;

  constructor(options: ManagerOptions) {
    this.#store = options.store;
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandom;
    this.nodeTtl = positive('nodeTtl', options.nodeTtl ?? nodeTimeToLive);
    this.#pollHold = Math.min(positive('pollHold', options.pollHold ?? longestPoll), longestPoll);
    this.#turn = options.turn ?? 250;
    this.#history = positive('history', options.history ?? 10);
    this.limits = { ...defaultLimits, ...options.limits };
    this.#audit = options.audit;
    this.#deadlines = new Deadlines(this.clock);
    this.#id = randomUuid(this.random);
  }

  /** For people: where its data is. */
  get storeName(): string {
    return this.#store.name;
  }

  /** Polls that are held now. */
  get heldPolls(): number {
    return this.#heldPolls;
  }

  /** What failed last in the background, for people; absent: nothing. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /** Opens the store. Idempotent; every other method does it too. */
  async open(): Promise<void> {
    if (this.#closing !== undefined) throw closed();
    this.#opening ??= this.#open();
    try {
      await this.#opening;
      this.#isOpen = this.#closing === undefined;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  /** Ends held polls and waiting pushes (`UNAVAILABLE`, nothing stored), waits for what is being stored, closes the store. Idempotent. */
  close(): Promise<void> {
    this.#isOpen = false;
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** As `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Rejects with the reason why it can not serve now. */
  async check(): Promise<void> {
    await this.#serving(() => this.#store.check());
  }

  /** Gives a node its id, or takes it back under the id that it had. */
  register(cluster: string, description: NodeDescription, asker: Asker = {}): Promise<RegisteredNode> {
    return this.#storing(async () => {
      checkClusterName(cluster);
      checkDescription(description);
      const { ip, hostname } = description;
      const node = { ip, hostname, bindAddress: description.bindAddress ?? asker.remote ?? '' };
      const id = await this.#store.addNode(cluster, node);
      this.#audit?.({ action: 'register', cluster, nodeId: id, ...asker });
      return { id, expirationDate: new Date(this.clock.now() + this.nodeTtl).toISOString(), node };
    });
  }

  /** @throws `NODE_NOT_FOUND`: the cluster has no such node; it has to register. */
  async heartbeat(
    cluster: string,
    nodeId: number,
    options: { readonly leaving?: boolean } = {},
  ): Promise<void> {
    if (!(await this.beat(cluster, nodeId, options.leaving))) throw nodeNotFound(nodeId);
  }

  /** As {@link heartbeat}, directly where the store can; `false`: the cluster has no such node. */
  beat(cluster: string, nodeId: number, leaving = false): boolean | Promise<boolean> {
    checkClusterName(cluster);
    if (this.#isOpen) return this.#store.beat(cluster, nodeId, leaving);
    return this.#serving(async () => this.#store.beat(cluster, nodeId, leaving));
  }

  /** @throws `NODE_NOT_FOUND`: the cluster has no such node. */
  deregister(cluster: string, nodeId: number, asker: Asker = {}): Promise<void> {
    return this.#storing(async () => {
      checkClusterName(cluster);
      if (!(await this.#store.removeNode(cluster, nodeId))) throw nodeNotFound(nodeId);
      this.#audit?.({ action: 'deregister', cluster, nodeId, ...asker });
    });
  }

  /** The cluster's nodes, alive or not, ordered by id. */
  nodes(cluster: string): Promise<readonly NodeInfo[]> {
    return this.#serving(async () => {
      checkClusterName(cluster);
      return this.#store.nodes(cluster);
    });
  }

  /** Tells the managers that share the store where this one is reached (`host:port`), until it closes. */
  announce(bindAddress: string): Promise<void> {
    return this.#serving(async () => {
      this.#bindAddress = bindAddress;
      await this.#store.announce?.(this.#self);
    });
  }

  /** The managers that share the store and are alive. */
  managers(): Promise<readonly ManagerInfo[]> {
    return this.#serving(async () => (await this.#store.managers?.()) ?? [this.#self]);
  }

  /** Makes a snapshot the cluster's next version, if it was made from the newest. */
  push(request: PushRequest, options: { asker?: Asker; signal?: AbortSignal } = {}): Promise<PushResult> {
    return this.#storing(async () => {
      checkClusterName(request.cluster);
      checkToken('a mutation id', request.mutation);
      checkToken('an epoch', request.epoch);
      checkToken('the epoch of an offer', request.offer?.epoch);
      const { byteLength } = request.snapshot;
      if (byteLength === 0) throw emptySnapshot();
      if (byteLength > this.limits.snapshotBytes) throw tooLarge(byteLength, this.limits.snapshotBytes);
      return this.#cluster(request.cluster).push(request, options.asker ?? {}, options.signal);
    });
  }

  /**
   * The newest version as soon as it is not the one that the node has, at the latest after `wait` milliseconds.
   *
   * @param request `wait` absent: the manager's longest hold, somewhat spread.
   */
  poll(
    request: Omit<PollRequest, 'wait'> & { readonly wait?: number | undefined },
    options: { asker?: Asker; signal?: AbortSignal } = {},
  ): Promise<PollResult> {
    return this.#serving(async () => {
      checkClusterName(request.cluster);
      if (this.#heldPolls >= this.limits.heldPolls) throw tooManyPolls();
      // Spread downwards: 300 s are what other people's HTTP clients wait at most.
      const wait = Math.min(request.wait ?? this.#pollHold * (0.9 + this.random() * 0.05), this.#pollHold);
      this.#heldPolls += 1;
      try {
        return await this.#cluster(request.cluster).poll(
          { ...request, wait },
          options.asker ?? {},
          options.signal,
        );
      } finally {
        this.#heldPolls -= 1;
      }
    });
  }

  /** Identity of the history of a cluster; there is one for every name, also before its first version. */
  epoch(cluster: string): Promise<string> {
    return this.#serving(async () => {
      checkClusterName(cluster);
      return (await this.#store.head(cluster)).epoch;
    });
  }

  /** Every cluster that has data or nodes, ordered by name. */
  clusters(): Promise<readonly ClusterRecord[]> {
    return this.#serving(() => this.#store.clusters());
  }

  /** The versions of a cluster that are kept, newest first. */
  history(cluster: string): Promise<readonly VersionRecord[]> {
    return this.#serving(async () => {
      checkClusterName(cluster);
      return this.#store.history(cluster);
    });
  }

  /** @throws `VERSION_NOT_FOUND`: it is not kept, or never was there. */
  version(cluster: string, version: number): Promise<Uint8Array> {
    return this.#serving(async () => {
      checkClusterName(cluster);
      const snapshot = await this.#store.read(cluster, version);
      if (snapshot !== undefined) return snapshot;
      throw new CfluxError('VERSION_NOT_FOUND', `version ${version} is not kept (any more)`);
    });
  }

  /** @throws `CLUSTER_NOT_FOUND`. */
  deleteCluster(cluster: string, asker: Asker = {}): Promise<void> {
    return this.#storing(async () => {
      checkClusterName(cluster);
      if (!(await this.#store.deleteCluster(cluster))) {
        throw new CfluxError('CLUSTER_NOT_FOUND', `there is no cluster ${JSON.stringify(cluster)}`, {
          outcome: 'none',
        });
      }
      this.#audit?.({ action: 'delete-cluster', cluster, ...asker });
      await this.#clusters.get(cluster)?.changed();
    });
  }

  get #self(): ManagerInfo {
    return { id: this.#id, hostname: hostname(), bindAddress: this.#bindAddress };
  }

  async #open(): Promise<void> {
    const context: StoreContext = {
      clock: this.clock,
      random: this.random,
      nodeTtl: this.nodeTtl,
      history: this.#history,
      mutationMemory,
      mostNodes: this.limits.nodes,
    };
    await this.#store.open(context);
    this.#unwatch = this.#store.watch((name) => {
      const concerned = name === undefined ? this.#clusters.values() : [this.#clusters.get(name)];
      for (const cluster of concerned) cluster?.changed().catch(this.#onError);
    });
  }

  async #close(): Promise<void> {
    for (const cluster of this.#clusters.values()) cluster.close(closed());
    await Promise.allSettled(this.#underWay);
    this.#unwatch?.();
    this.#deadlines.close();
    // A store that could not be opened has nothing to close.
    const opened = await this.#opening?.then(
      () => true,
      () => false,
    );
    if (opened === true) await this.#store.close();
  }

  /** Runs a call on the open store. */
  #serving<T>(call: () => Promise<T>): Promise<T> {
    if (this.#isOpen) return call();
    return this.open().then(() => {
      if (this.#closing !== undefined) throw closed();
      return call();
    });
  }

  /** Runs a call that may store something: close waits for it. */
  #storing<T>(call: () => Promise<T>): Promise<T> {
    const result = this.#serving(call);
    this.#underWay.add(result);
    const done = () => this.#underWay.delete(result);
    result.then(done, done);
    return result;
  }

  #cluster(name: string): Cluster {
    const existing = this.#clusters.get(name);
    if (existing !== undefined) {
      this.#clusters.delete(name);
      this.#clusters.set(name, existing);
      return existing;
    }
    const cluster = new Cluster(name, {
      store: this.#store,
      deadlines: this.#deadlines,
      monotonic: () => this.clock.monotonic(),
      turn: this.#turn,
      collection: this.nodeTtl,
      mostHeldPushes: this.limits.heldPushes,
      onCommit: (cluster, { version, nodeId }, asker) =>
        this.#audit?.({ action: 'push', cluster, version, nodeId, ...asker }),
      onError: this.#onError,
    });
    this.#clusters.set(name, cluster);
    this.#forgetIdleClusters();
    return cluster;
  }

  #forgetIdleClusters(): void {
    let bytes = 0;
    for (const cluster of this.#clusters.values()) bytes += cluster.cachedBytes;
    for (const [name, cluster] of this.#clusters) {
      if (this.#clusters.size <= mostIdleClusters && bytes <= mostCachedBytes) return;
      if (!cluster.isIdle) continue;
      bytes -= cluster.cachedBytes;
      this.#clusters.delete(name);
    }
  }

  readonly #onError = (error: unknown): void => {
    this.#lastError = error;
  };
}

const closed = () =>
  new CfluxError('UNAVAILABLE', 'the manager is closing', {
    retryable: true,
    outcome: 'none',
    retryAfter: 1_000,
  });

/** What a cluster says of an id that it never gave. */
export const nodeNotFound = (nodeId: number) =>
  new CfluxError('NODE_NOT_FOUND', `Key not found: node ${nodeId}`, { outcome: 'none' });

const emptySnapshot = () =>
  new CfluxError('BAD_REQUEST', 'the snapshot is empty: no metadata encodes to nothing', { outcome: 'none' });

const tooLarge = (bytes: number, most: number) =>
  new CfluxError('TOO_LARGE', `a snapshot has at most ${most} bytes, this one has ${bytes}`, {
    outcome: 'none',
  });

const tooManyPolls = () =>
  new CfluxError('TOO_MANY_REQUESTS', 'too many polls are held', { retryable: true, retryAfter: 5_000 });

function positive(name: string, value: number): number {
  if (value > 0) return value;
  throw new CfluxError('INVALID_OPTION', `${name} must be above 0`);
}
