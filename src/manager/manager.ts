import { hostname } from 'node:os';
import { Deadlines } from '../async/deadlines.js';
import { uniformDelay } from '../async/jitter.js';
import type { Abortable } from '../async/on-abort.js';
import type { CertificateInfo } from '../certificates.js';
import type { Clock } from '../clock.js';
import type { DropOrders } from '../protocol/drop-orders.js';
import type { NodeProgress } from '../protocol/node-progress.js';
import type { NodeReport } from '../protocol/node-report.js';
import type { NodeDescription, NodeInfo } from '../protocol/nodes.js';
import { noVersion } from '../protocol/version.js';
import type { WaitForNodesRequest, WaitForNodesResult } from '../protocol/waiting-for-nodes.js';
import { type Random, randomUuid } from '../random.js';
import type { DropOrdersRequest, EpochMismatch } from '../transport/transport.js';
import { Activities, type ActivityRequest } from './activity/activity.js';
import type { LoggedActivity } from './activity/activity-log.js';
import type { Requester } from './audit.js';
import { AuditTrail } from './audit-trail.js';
import { Cluster } from './cluster.js';
import { KnownClusters } from './known-clusters.js';
import { checkClusterName, checkToken, checkWaitedVersion, type Limits } from './limits.js';
import { type ManagerOptions, managerSettings } from './manager-options.js';
import type { ClusterRecord, ManagerInfo, StoreContext, VersionRecord } from './manager-store.js';
import { NodeRegistry, type RegisteredNode } from './nodes/registry.js';
import type { SpreadListener } from './nodes/spread-meter.js';
import { OpenClusters } from './open-clusters.js';
import { PollSlots } from './polls/poll-slots.js';
import type { ManagerPoll, ManagerPollResult } from './polls/waiting-poll.js';
import type { ManagerPush, ManagerPushResult, Reserve } from './pushes/manager-push.js';
import { OfferRoom } from './recovery/offer-room.js';
import { checkedSnapshot, clusterNotFound, managerClosed, versionNotFound } from './refusals.js';
import { Service } from './service.js';
import { TimedStore } from './timed-store.js';
import { VersionCache } from './versions/version-cache.js';

// A client never repeats a mutation after its deadline, and deadlines are well below this (R27).
const mutationMemory = 15 * 60_000;

/**
 * Keeps the nodes of clusters and the versions of their metadata, which are opaque bytes to it.
 *
 * It implements everything of the protocol except HTTP: {@link createManagerServer} serves it over HTTP, {@link LocalTransport} connects
 * clients in the same process. It opens its store at the first call.
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
  /** Identity of this process among the managers of its store. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly nodeTtl: number;
  readonly limits: Limits;
  /** Number of versions of each cluster that are kept. */
  readonly keepVersions: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly #store: TimedStore;
  readonly #maxPollWait: number;
  readonly #conflictHold: number;
  readonly #activity: Activities;
  readonly #trail: AuditTrail;
  readonly #registry: NodeRegistry;
  readonly #deadlines: Deadlines;
  readonly #clusters = new OpenClusters((name) => this.#createCluster(name));
  readonly #service = new Service({
    open: () => this.#open(),
    end: () => {
      this.#activity.close(managerClosed());
      for (const cluster of this.#clusters.concerned(undefined)) cluster.close(managerClosed());
    },
    close: (wasOpen) => this.#close(wasOpen),
  });
  #bindAddress = '';
  readonly #pollSlots: PollSlots;
  readonly #offerRoom: OfferRoom;
  readonly #known: KnownClusters;
  readonly #versions: VersionCache;
  #unwatch: (() => void) | undefined;
  /** When the store was opened, by the monotonic clock. */
  #openedAt = Number.POSITIVE_INFINITY;
  #lastError: unknown;
  /**
   * Called with the milliseconds that versions of this manager took from their commit until all nodes had them, or 600,000 if they did not
   * have them by then. Of each cluster at most ten versions are followed: the oldest that has not reached all nodes, and the newest. Set by
   * a server, for its metrics and its dashboard. Default: nothing is measured.
   */
  onSpread: SpreadListener | undefined;

  constructor(options: ManagerOptions) {
    const settings = managerSettings(options);
    this.clock = settings.clock;
    this.random = settings.random;
    this.nodeTtl = settings.nodeTtl;
    this.limits = settings.limits;
    this.#maxPollWait = settings.maxPollWait;
    this.#conflictHold = settings.conflictHold;
    this.keepVersions = settings.keepVersions;
    this.#offerRoom = new OfferRoom(this.limits.offerBytes, this.limits.snapshotBytes);
    this.#pollSlots = new PollSlots(this.limits.heldPolls);
    this.#deadlines = new Deadlines(this.clock);
    this.#store = new TimedStore(options.store, this.#deadlines);
    this.#versions = new VersionCache(this.#store);
    this.#known = new KnownClusters(this.#store, this.clock, this.limits.clusters);
    this.id = randomUuid(this.random);
    this.startedAt = this.clock.now();
    this.#activity = new Activities({
      clock: this.clock,
      deadlines: this.#deadlines,
      latest: async (cluster) => (await this.#store.head(cluster)).latest,
      onError: this.#onError,
    });
    this.#trail = new AuditTrail(this.#activity, options.audit);
    this.#registry = new NodeRegistry({
      store: this.#store,
      clock: this.clock,
      nodeTtl: this.nodeTtl,
      known: this.#known,
      clusters: this.#clusters,
      trail: this.#trail,
    });
  }

  /** Informational: the location of its data. */
  get storeName(): string {
    return this.#store.name;
  }

  /** TLS certificates of the connections to its store. */
  get storeCertificates(): readonly CertificateInfo[] {
    return this.#store.certificates;
  }

  /** Number of polls that are held now. */
  get heldPolls(): number {
    return this.#pollSlots.taken;
  }

  /** The last error in the background, informational; undefined if there was none. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /** Opens the store. Idempotent; every other method opens it too. */
  open(): Promise<void> {
    return this.#service.open();
  }

  /** Ends held polls and waiting pushes (`UNAVAILABLE`, nothing stored), waits for pushes being stored, closes the store. Idempotent. */
  close(): Promise<void> {
    return this.#service.close();
  }

  /** Same as `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Rejects with the reason why the manager cannot serve now. */
  async check(): Promise<void> {
    await this.#service.serving(() => this.#store.check());
  }

  /** Registers a node and resolves with a new id. The last parameter contains the instance that registers. */
  register(
    cluster: string,
    description: NodeDescription,
    requester: Requester = {},
    { instance }: Pick<NodeProgress, 'instance'> = {},
  ): Promise<RegisteredNode> {
    return this.#service.storing(async () => {
      checkClusterName(cluster);
      checkToken('an instance', instance);
      return this.#registry.register(cluster, description, requester, instance);
    });
  }

  /**
   * Records that a node is alive. Returns synchronously if the store can, because this is the most frequent call.
   *
   * @param options `leaving`: the node shuts down, and is not alive until its next heartbeat; `node`: its current description, if that
   * differs from the one it registered with; `progress`: its instance and versions (R28)
   * @returns `false` if the cluster has no such node; the node must register again.
   * @throws `DUPLICATE_NODE`: two processes use the id; each has to register
   */
  heartbeat(
    cluster: string,
    nodeId: number,
    options: {
      readonly leaving?: boolean;
      readonly node?: NodeDescription | undefined;
      readonly requester?: Requester;
      readonly progress?: NodeProgress;
    } = {},
  ): boolean | Promise<boolean> {
    const { leaving = false, node, requester = {}, progress = {} } = options;
    checkClusterName(cluster);
    checkToken('an instance', progress.instance);
    checkToken('an epoch', progress.epoch);
    const heartbeat = () => this.#registry.heartbeat(cluster, nodeId, { leaving, progress });
    const isKnown = this.#service.isOpen ? heartbeat() : this.#service.serving(async () => heartbeat());
    if (node === undefined) return isKnown;
    // Concurrently, so that their time limits do not add up.
    const described = this.#service.storing(() => this.#registry.describe(cluster, nodeId, node, requester));
    return Promise.all([isKnown, described]).then(([known]) => known);
  }

  /**
   * Keeps what the agent of a node reports of its server, for `nodes`.
   *
   * @throws `NODE_NOT_FOUND`: the cluster has no such node; `TOO_MANY_REQUESTS`: the reports of the cluster would take more than 8 MiB
   */
  report(cluster: string, nodeId: number, report: NodeReport): Promise<void> {
    return this.#service.storing(async () => {
      checkClusterName(cluster);
      await this.#registry.report(cluster, nodeId, report);
    });
  }

  /** @throws `NODE_NOT_FOUND`: the cluster has no such node. */
  deregister(cluster: string, nodeId: number, requester: Requester = {}): Promise<void> {
    return this.#service.storing(async () => {
      checkClusterName(cluster);
      await this.#registry.deregister(cluster, nodeId, requester);
    });
  }

  /** Lists the cluster's nodes, alive or not, ordered by id, with the progress that each reported last (R28). */
  nodes(cluster: string): Promise<readonly NodeInfo[]> {
    return this.#service.serving(async () => {
      checkClusterName(cluster);
      return this.#registry.list(cluster);
    });
  }

  /**
   * Resolves when every node that counts has a version (R28), at the latest after `wait` milliseconds. Nodes count while they are alive,
   * except for legacy nodes: agents with the version that they applied, others with the one that they hold. For one time to live after
   * its start a manager does not know all nodes, and does not report that all have it.
   *
   * @param options `connection`: the connection of the request, for the limit per connection, which is that of polls
   * @throws `EPOCH_MISMATCH`: the version is not part of the present history, or ceased to be; `TOO_MANY_REQUESTS`: the request would be
   * held, and there is no slot for it
   */
  waitForNodes(
    request: WaitForNodesRequest,
    options: { requester?: Requester; signal?: AbortSignal; connection?: object } = {},
  ): Promise<WaitForNodesResult> {
    return this.#service.serving(async () => {
      checkClusterName(request.cluster);
      checkToken('an epoch', request.epoch);
      checkWaitedVersion(request.version);
      const { requester = {}, signal, connection } = options;
      const { cluster } = request;
      const wait = Math.min(request.wait, this.#maxPollWait);
      const takeSlot = () => this.#pollSlots.take({ cluster, requester, connection });
      return this.#clusters.of(cluster).waitForNodes({ ...request, wait }, { takeSlot, signal });
    });
  }

  /** Announces the address of this manager (`host:port`) to the managers that share the store, until it closes. */
  announce(bindAddress: string): Promise<void> {
    return this.#service.serving(async () => {
      this.#bindAddress = bindAddress;
      await this.#store.announce(this.#self);
    });
  }

  /** Lists the managers that share the store and are alive. */
  managers(): Promise<readonly ManagerInfo[]> {
    return this.#service.serving(async () => this.#store.managers(this.#self));
  }

  /**
   * Stores a snapshot as the cluster's next version, if it was made from the newest.
   *
   * @param request with `delta`, the snapshot is made from the bytes of the version that it names, and checked; `snapshot` is used only if
   * that fails, and may be omitted
   * @param options `reserve` is called before memory for a delta is allocated, with a number of bytes; it may throw
   * @throws `MALFORMED_DELTA`, `TOO_LARGE`, `VERSION_NOT_FOUND`: the delta cannot be used, and there is no snapshot
   */
  push(
    request: ManagerPush,
    options: { requester?: Requester; signal?: AbortSignal; reserve?: Reserve } = {},
  ): Promise<ManagerPushResult> {
    return this.#service.storing(async () => {
      checkClusterName(request.cluster);
      checkToken('a mutation id', request.mutation);
      checkToken('an epoch', request.epoch);
      checkToken('the epoch of an offer', request.offer?.epoch);
      if (request.delta === undefined) checkedSnapshot(request.snapshot, this.limits.snapshotBytes);
      checkToken('a requester id', request.requester);
      await this.#known.admit(request.cluster);
      const { requester = {}, signal, reserve = () => {} } = options;
      return this.#clusters.of(request.cluster).push(request, requester, { signal, reserve });
    });
  }

  /**
   * Resolves with the newest version as soon as it differs from the node's, at the latest after `wait` milliseconds.
   *
   * @param request `wait` undefined: the manager's longest hold, with some jitter.
   * @param options `connection`: the connection of the poll, for the limit per connection. `isNode: false`: a read-only request, which
   * takes no part in the push queue, and starts no recovery (default: true). `isLegacy`: the request may come from a legacy client, which
   * applies every response: it is delayed briefly, and contains the newest version of that moment (default: false).
   * @throws `TOO_MANY_REQUESTS`: the poll would be held, and there is no slot for it.
   */
  poll(
    request: Omit<ManagerPoll, 'wait'> & { readonly wait?: number | undefined },
    options: {
      requester?: Requester;
      signal?: Abortable;
      connection?: object;
      isNode?: boolean;
      isLegacy?: boolean;
    } = {},
  ): Promise<ManagerPollResult> {
    return this.#service.serving(() => {
      checkClusterName(request.cluster);
      // Jitter shortens the wait only: HTTP clients commonly give up after 300 s.
      const wait = Math.min(
        request.wait ?? uniformDelay(0.9 * this.#maxPollWait, 0.95 * this.#maxPollWait, this.random),
        this.#maxPollWait,
      );
      const { requester = {}, signal, connection, isNode = true, isLegacy = false } = options;
      const { cluster, nodeId, version, epoch, instance } = request;
      checkToken('an instance', instance);
      if (isNode && nodeId !== undefined)
        this.#registry.polled(cluster, nodeId, { instance, epoch, version });
      const takeSlot = () => this.#pollSlots.take({ cluster, requester, connection });
      return this.#clusters
        .of(cluster)
        .poll({ ...request, wait }, requester, { takeSlot, signal, isNode, isLegacy });
    });
  }

  /**
   * Reads the drop orders of versions above `since`: of all versions up to the returned one.
   *
   * @throws `NO_SUCH_ROUTE`: the store keeps no drop orders
   */
  dropOrders(
    request: DropOrdersRequest,
  ): Promise<(DropOrders & { readonly kind: 'dropOrders'; readonly epoch: string }) | EpochMismatch> {
    return this.#service.serving(async () => {
      const { cluster, since, epoch: wanted } = request;
      checkClusterName(cluster);
      checkToken('an epoch', wanted);
      const { epoch: stored, ...orders } = await this.#store.dropOrders(cluster, since);
      const { version } = orders;
      const epoch = this.#epochOf(cluster, stored, version !== noVersion);
      if (wanted !== undefined && wanted !== epoch) return { kind: 'epochMismatch', epoch, version };
      return { kind: 'dropOrders', epoch, ...orders };
    });
  }

  /**
   * Resolves with the changes after a place in this manager's record, as soon as there are any, at the latest after `wait` milliseconds.
   *
   * @throws `TOO_MANY_REQUESTS`: the request would be held, and there is no slot for it.
   */
  activity(
    request: Omit<ActivityRequest, 'takeSlot'>,
    options: { readonly requester?: Requester; readonly connection?: object } = {},
  ): Promise<LoggedActivity> {
    const { requester = {}, connection } = options;
    // The record is that of all clusters: a dashboard takes the share of its token or address, and of no cluster.
    const takeSlot = () => this.#pollSlots.take({ requester, connection });
    return this.#service.serving(() =>
      this.#activity.after({ ...request, wait: Math.min(request.wait, this.#maxPollWait), takeSlot }),
    );
  }

  /** Identity of the history of a cluster; every name has one, even before its first version. */
  epoch(cluster: string): Promise<string> {
    return this.#service.serving(async () => {
      checkClusterName(cluster);
      const { epoch, latest } = await this.#store.head(cluster);
      return this.#epochOf(cluster, epoch, latest !== undefined);
    });
  }

  /** Returns the epoch that this manager last read, without a call to the store; `undefined` if it has not read it recently. */
  knownEpoch(cluster: string): string | undefined {
    return this.#clusters.concerned(cluster)[0]?.epoch;
  }

  /** Lists every cluster that has data or nodes, ordered by name. */
  clusters(): Promise<readonly ClusterRecord[]> {
    return this.#service.serving(() => this.#store.clusters());
  }

  /** Lists the retained versions of a cluster, newest first. */
  history(cluster: string): Promise<readonly VersionRecord[]> {
    return this.#service.serving(async () => {
      checkClusterName(cluster);
      return this.#store.history(cluster);
    });
  }

  /** @throws `VERSION_NOT_FOUND`: it is not retained, or never existed. */
  version(cluster: string, version: number): Promise<Uint8Array> {
    return this.#service.serving(async () => {
      checkClusterName(cluster);
      const snapshot = await this.#versions.of(cluster, version);
      if (snapshot !== undefined) return snapshot;
      throw versionNotFound(version);
    });
  }

  /** @throws `CLUSTER_NOT_FOUND`. */
  deleteCluster(cluster: string, requester: Requester = {}): Promise<void> {
    return this.#service.storing(async () => {
      checkClusterName(cluster);
      if (!(await this.#store.deleteCluster(cluster))) throw clusterNotFound(cluster);
      this.#known.forget(cluster);
      this.#trail.record({ action: 'delete-cluster', cluster }, requester);
      for (const open of this.#clusters.concerned(cluster)) await open.changed();
    });
  }

  /** Returns the effective epoch; `stored` is the epoch in the store. */
  #epochOf(cluster: string, stored: string, hasData: boolean): string {
    const [open] = hasData ? [] : this.#clusters.concerned(cluster);
    return open?.epochWithoutData(stored) ?? stored;
  }

  get #self(): ManagerInfo {
    return { id: this.id, hostname: hostname(), bindAddress: this.#bindAddress };
  }

  async #open(): Promise<void> {
    const context: StoreContext = {
      clock: this.clock,
      random: this.random,
      nodeTtl: this.nodeTtl,
      keepVersions: this.keepVersions,
      mutationMemory,
      maxNodes: this.limits.nodes,
      conflictHold: this.#conflictHold,
    };
    await this.#store.open(context);
    this.#openedAt = this.clock.monotonic();
    this.#unwatch = this.#store.watch((name) => {
      this.#activity.notified(name);
      for (const cluster of this.#clusters.concerned(name)) cluster.notified().catch(this.#onError);
    });
  }

  async #close(wasOpen: boolean): Promise<void> {
    this.#unwatch?.();
    this.#deadlines.close();
    // A store that could not be opened has nothing to close.
    if (wasOpen) await this.#store.close();
  }

  #createCluster(name: string): Cluster {
    return new Cluster(name, {
      store: this.#store,
      deadlines: this.#deadlines,
      monotonic: () => this.clock.monotonic(),
      conflictHold: this.#conflictHold,
      collection: this.nodeTtl,
      offerRoom: this.#offerRoom,
      maxHeldPushes: this.limits.heldPushes,
      snapshotBytes: this.limits.snapshotBytes,
      lookInterval: this.nodeTtl / 30,
      onSpread: () => this.onSpread,
      uncertainFor: () => {
        const since = Math.max(this.#openedAt, this.#store.nodesKnownSince ?? this.#openedAt);
        const left = since + this.nodeTtl - this.clock.monotonic();
        return Math.min(Math.max(left, 0), this.nodeTtl);
      },
      onCommit: (cluster, { version, nodeId }, requester, drops) => {
        this.#trail.recordPush({ cluster, version, nodeId }, drops ?? {}, requester);
      },
      onError: this.#onError,
    });
  }

  readonly #onError = (error: unknown): void => {
    this.#lastError = error;
  };
}
