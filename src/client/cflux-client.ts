import { CfluxError } from '../errors.js';
import type { MetaClient, MetaClientLike } from '../meta/meta-client.js';
import type { NodeInfo } from '../protocol/nodes.js';
import { noVersion } from '../protocol/version.js';
import { HttpTransport } from '../transport/http-transport.js';
import type { CallOptions, Transport } from '../transport/transport.js';
import { withRetry } from '../transport/with-retry.js';
import { Committer } from './committer.js';
import { EventHub } from './event-hub.js';
import type { CfluxEventName, CfluxEvents } from './events.js';
import { Gate } from './gate.js';
import { type Holder, holderOf, type Operation } from './holder.js';
import { describeHost } from './host.js';
import { withLinkedSignal } from './linked-signal.js';
import { Membership } from './membership.js';
import { type PromisedMetaClient, routedMethods } from './meta-methods.js';
import { MutationQueue } from './mutation-queue.js';
import { Mutex } from './mutex.js';
import { NodeDirectory } from './node-directory.js';
import { OperationScope } from './operation-scope.js';
import { type CfluxOptions, type Settings, settle } from './options.js';
import { Reconciler } from './reconciler.js';
import { Replica } from './replica.js';
import { StateMachine } from './state.js';
import type { CfluxStatus } from './status.js';
import { SyncLoop } from './sync-loop.js';
import { VersionWaiters } from './version-waiters.js';

/** How long `close` waits for what is on the wire, and for the manager to hear that the node leaves. */
const closeTimeout = 5_000;
const leaveTimeout = 2_000;

/** Limits of a call that waits. */
export interface WaitOptions {
  /** Ends the wait; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds. */
  readonly timeout?: number;
}

// The methods of MetaClient are made from their table in the constructor; this tells the type checker of them.
const WithMetaMethods = class {} as unknown as new () => PromisedMetaClient;

/**
 * Wraps a node's meta client so that several nodes share one metadata: a change made on any node is accepted by the manager,
 * in one order, and reaches every node. Has every method of the wrapped client, as promises.
 *
 * @example
 * ```ts
 * const client = new CfluxClient(new LocalMetaClient({ dir: '/var/lib/influxdb/meta' }), {
 *   cluster: 'prod',
 *   endpoint: 'http://manager:8000',
 *   dir: '/var/lib/clusterflux',
 * });
 * await client.open();
 * await client.createDatabase('telegraf');
 * await client.close();
 * ```
 */
export class CfluxClient<M extends MetaClientLike = MetaClient> extends WithMetaMethods {
  /** The wrapped client. Read it as you like; change it through this client only. */
  readonly meta: M;
  readonly #settings: Settings;
  readonly #hub = new EventHub();
  readonly #state = new StateMachine(this.#hub.emit);
  readonly #writer = new Mutex();
  readonly #joined = new Gate();
  readonly #scope = new OperationScope<M>();
  readonly #waiters = new VersionWaiters();
  /** Ends the loops and whatever waits. */
  readonly #life = new AbortController();
  /** Ends what is on the wire when closing has waited long enough for it. */
  readonly #wire = new AbortController();
  readonly #transport: Transport;
  readonly #holder: Holder<M>;
  readonly #replica: Replica<M>;
  readonly #reconciler: Reconciler<M>;
  readonly #membership: Membership;
  readonly #sync: SyncLoop<M>;
  readonly #queue: MutationQueue<M>;
  readonly #committer: Committer<M>;
  #loops: Promise<unknown> = Promise.resolve();
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #committing: Promise<void> | undefined;

  /**
   * @param meta the node's meta client: a LocalMetaClient, a client of your own, or a mock with at least `data` and `setData`
   * @param options the environment's `CLUSTER` and `CFLUX_ENDPOINT` are read where `cluster` and `endpoint` are not given
   * @throws CfluxError `INVALID_OPTION`, naming the option
   */
  constructor(meta: M, options: CfluxOptions = {}) {
    super();
    this.meta = meta;
    this.#settings = settle(options);
    const { cluster, clock, random, pollWait } = this.#settings;
    const { emit } = this.#hub;
    this.#transport = transportFor(this.#settings);
    this.#holder = holderOf(meta);
    this.#queue = new MutationQueue(clock, () => this.#commitSoon());
    this.#replica = new Replica({
      holder: this.#holder,
      cluster,
      clock,
      emit,
      storage:
        options.storage ??
        (this.#settings.dir === undefined ? undefined : new NodeDirectory(this.#settings.dir)),
      onMoved: () => {
        this.#joined.open();
        this.#waiters.reached(this.#replica.position.version);
      },
    });
    const common = { replica: this.#replica, transport: this.#transport, cluster, clock, random, emit };
    this.#reconciler = new Reconciler({
      ...common,
      state: this.#state,
      onForeign: (error) => this.#queue.rejectAll(error),
    });
    this.#membership = new Membership({
      ...common,
      interval: this.#settings.heartbeatInterval,
      describe: () => describeHost(this.#settings.bindAddress),
      knownId: () => this.#replica.nodeId,
      rememberId: (id) => this.#replica.rememberNodeId(id),
      onSlept: () => this.#reconciler.markStale(),
    });
    this.#sync = new SyncLoop({
      ...common,
      reconciler: this.#reconciler,
      writer: this.#writer,
      state: this.#state,
      pollWait,
      onFailed: (error) => {
        this.#queue.obstacle = error;
      },
    });
    this.#committer = new Committer({
      ...common,
      queue: this.#queue,
      holder: this.#holder,
      reconciler: this.#reconciler,
      scope: this.#scope,
      onUnknownOutcome: () => this.#sync.hurry(),
    });
    this.#joined.shut();
    const routes = {
      mutate: <T>(operation: Operation<M, T>) => this.mutate(operation),
      read: <T>(operation: Operation<M, T>) => this.#read(operation),
    };
    Object.assign(this, routedMethods(meta, routes));
  }

  /** Where the client stands. */
  get status(): CfluxStatus {
    const { version, epoch } = this.#replica.position;
    return {
      state: this.#state.state,
      cluster: this.#settings.cluster,
      endpoint: this.#transport.endpoint,
      nodeId: this.#membership.nodeId,
      version,
      epoch,
      lastHeartbeatAt: this.#membership.lastHeartbeatAt,
      lastSyncAt: this.#sync.lastSyncAt,
      pendingMutations: this.#queue.size,
    };
  }

  /** Calls `listener` at every event `name`; an exception of it surfaces in a task of its own. */
  on<Name extends CfluxEventName>(name: Name, listener: (...payload: CfluxEvents[Name]) => void): this {
    this.#hub.on(name, listener);
    return this;
  }

  /** Calls `listener` at the next event `name`. */
  once<Name extends CfluxEventName>(name: Name, listener: (...payload: CfluxEvents[Name]) => void): this {
    this.#hub.once(name, listener);
    return this;
  }

  /** Ends the subscription of `listener`, or of every listener of `name`. */
  off<Name extends CfluxEventName>(name: Name, listener?: (...payload: CfluxEvents[Name]) => void): this {
    this.#hub.off(name, listener);
    return this;
  }

  /**
   * Opens the wrapped client, registers the node, brings the cluster's metadata here (or gives an empty cluster this node's)
   * and begins to heartbeat and to follow. Calling it again answers the same. After a failure it may be called again.
   *
   * @param options `signal` gives up
   * @throws CfluxError `UNREACHABLE` and others of the wire unless `startOffline`, `FOREIGN_EPOCH`, `CLOSED`
   */
  open(options: { signal?: AbortSignal } = {}): Promise<void> {
    if (this.#state.isClosing) return Promise.reject(closedError());
    this.#opening ??= this.#open(options.signal).catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #open(signal: AbortSignal | undefined): Promise<void> {
    this.#state.enter('opening');
    try {
      await withLinkedSignal([signal, this.#life.signal], async (linked) => {
        linked.throwIfAborted();
        await this.meta.open?.();
        await this.#writer.run(() => this.#replica.recall());
        try {
          await this.#membership.join(linked);
          await this.#writer.run(() => this.#reconciler.catchUp({ signal: linked }));
        } catch (error) {
          if (linked.aborted || !this.#settings.startOffline) throw error;
          this.#queue.obstacle = error;
        }
      });
    } catch (error) {
      if (this.#state.isClosing) throw closedError();
      if (this.#state.state !== 'foreign') {
        await this.meta.close?.();
        this.#state.enter('created');
        throw error;
      }
      // The operator's word is awaited: the node stays a member, with what it has.
      this.#run();
      throw error;
    }
    this.#state.enter(this.#replica.position.version === noVersion ? 'offline' : 'online');
    this.#run();
  }

  #run(): void {
    const { signal } = this.#life;
    this.#loops = Promise.all([this.#membership.run(signal), this.#sync.run(signal)]);
    this.#commitSoon();
  }

  /**
   * Leaves the cluster: ends the loops, rejects what waits, waits for what is on the wire, tells the manager, closes the
   * wrapped client. Calling it again answers the same. It does not reject for want of a manager.
   *
   * @param options `deregister` gives the node's id up for good; `timeout` (default 5,000 ms) is how long the change on the
   * wire is waited for before it rejects as `UNKNOWN_OUTCOME`
   */
  close(options: { deregister?: boolean; timeout?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.deregister ?? false, options.timeout ?? closeTimeout);
    return this.#closing;
  }

  async #close(deregister: boolean, timeout: number): Promise<void> {
    const { clock } = this.#settings;
    const wasOpen = this.#opening !== undefined;
    this.#state.enter('closing');
    this.#queue.rejectAll(closedError());
    this.#life.abort(closedError());
    this.#joined.open();
    const cancel = clock.after(timeout, () => this.#wire.abort(closedError()));
    try {
      await Promise.allSettled([this.#opening, this.#loops, this.#committing]);
      // Whatever held the lock is done with it then.
      await this.#writer.run(async () => undefined);
    } finally {
      cancel();
    }
    if (wasOpen) {
      const patience = new AbortController();
      // Best effort: a manager that cannot be told finds out by itself.
      await this.#membership
        .leave(deregister, { signal: patience.signal, timeout: leaveTimeout })
        .catch(() => undefined);
    }
    if (this.#transport !== this.#settings.transport) await this.#closeTransport();
    if (wasOpen) await this.meta.close?.();
    this.#state.enter('closed');
    this.#hub.emit('closed');
    this.#hub.removeAll();
  }

  async #closeTransport(): Promise<void> {
    // A transport that was handed in belongs to its maker, also where it was wrapped for its attempts.
    if (this.#settings.transport === undefined) await this.#transport.close?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Changes the metadata of the cluster: `operation` gets a meta client, changes it, and is applied again on newer metadata
   * where another node was first. Resolves with its result once the change is part of the cluster.
   *
   * @param operation must do nothing that lasts besides changing the client it is handed: it may run several times
   * @param options `timeout`: milliseconds until conflicts are given up, default `mutationTimeout`; `signal` gives up between two tries
   * @throws what `operation` throws on the newest metadata; CfluxError `UNKNOWN_OUTCOME` where the change may have been made
   * all the same, `CONFLICT_TIMEOUT`, `TIMEOUT`, `NESTED_MUTATION`, `NOT_OPEN`, `CLOSED`, `FOREIGN_EPOCH`, and the wire's
   */
  async mutate<T>(operation: Operation<M, T>, options: WaitOptions = {}): Promise<T> {
    this.#checkOpen();
    options.signal?.throwIfAborted();
    if (this.#scope.current !== undefined) {
      throw new CfluxError(
        'NESTED_MUTATION',
        'a mutation inside a mutation: change the meta client that the operation is handed',
      );
    }
    if (this.#state.state === 'foreign') throw foreignError();
    const timeout = options.timeout ?? this.#settings.mutationTimeout;
    return this.#queue.add(operation, { timeout, signal: options.signal });
  }

  /** Brings the manager's newest metadata here and answers its version. */
  async refresh(options: WaitOptions = {}): Promise<number> {
    await this.#reconcile(options, (limits) => this.#reconciler.catchUp(limits));
    return this.#replica.position.version;
  }

  /**
   * Resolves when this node has `version` or a later one.
   *
   * @throws CfluxError `TIMEOUT` after `timeout` milliseconds (default: never), `CLOSED`
   */
  async waitForVersion(version: number, options: WaitOptions = {}): Promise<void> {
    this.#checkOpen();
    if (this.#replica.position.version >= version) return;
    const { clock } = this.#settings;
    const timeout = options.timeout ?? Number.POSITIVE_INFINITY;
    await withLinkedSignal([options.signal, this.#life.signal], (signal) =>
      this.#waiters.wait(version, { clock, timeout, signal }),
    );
  }

  /** Takes the manager's metadata, whatever it is, with a backup of this node's: the operator's answer to `foreignEpoch`. */
  async adopt(options: WaitOptions = {}): Promise<void> {
    await this.#reconcile(options, (limits) => this.#reconciler.adopt(limits));
    this.#sync.hurry();
  }

  /** Makes this node's metadata the cluster's, whatever the manager has: the operator's other answer to `foreignEpoch`. */
  async reseed(options: WaitOptions = {}): Promise<void> {
    await this.#reconcile(options, (limits) => this.#reconciler.reseed(limits));
    this.#sync.hurry();
  }

  /** The cluster's members, alive or not. */
  async nodes(options: WaitOptions = {}): Promise<readonly NodeInfo[]> {
    this.#checkOpen();
    return this.#untilClosed(options, (limits) =>
      this.#transport.nodes({ cluster: this.#settings.cluster }, limits),
    );
  }

  async #read<T>(operation: Operation<M, T>): Promise<T> {
    if (this.#state.isClosing) throw closedError();
    const own = this.#scope.current;
    if (own !== undefined) return operation(own);
    const { decided } = this.#holder;
    // Asked again after each wait: the next round may have begun.
    while (this.#settings.reads === 'accepted' && !decided.isOpen) await decided.wait();
    return operation(this.meta);
  }

  #checkOpen(): void {
    if (this.#state.isClosing) throw closedError();
    if (this.#state.state === 'created')
      throw new CfluxError('NOT_OPEN', 'the client is not open: call open() first');
  }

  /** Speaks with the manager as the one writer (R1). */
  async #reconcile(options: WaitOptions, task: (limits: CallOptions) => Promise<unknown>): Promise<void> {
    this.#checkOpen();
    await this.#untilClosed(options, (limits) =>
      this.#writer.run(async () => {
        limits.signal?.throwIfAborted();
        await task(limits);
      }),
    );
  }

  /** `timeout` is that of each request: the turn before it is not counted. */
  #untilClosed<T>({ signal, timeout }: WaitOptions, task: (limits: CallOptions) => Promise<T>): Promise<T> {
    return withLinkedSignal([signal, this.#life.signal], (linked) =>
      task({ signal: linked, ...(timeout === undefined ? {} : { timeout }) }),
    );
  }

  #commitSoon(): void {
    this.#committing ??= this.#commitAll().finally(() => {
      this.#committing = undefined;
      // Somebody may have come between the last look and this moment.
      if (this.#queue.size > 0 && !this.#state.isClosing) this.#commitSoon();
    });
  }

  async #commitAll(): Promise<void> {
    while (this.#queue.size > 0 && !this.#state.isClosing) {
      await this.#joined.wait();
      if (this.#state.isClosing) return;
      await this.#writer.run(() => this.#committer.commit(this.#wire.signal));
    }
  }
}

function transportFor(settings: Settings): Transport {
  const { transport, endpoint, token, tls, retry, clock, random } = settings;
  const attempts = { ...retry, clock, random };
  if (transport) return transport.retries === true ? transport : withRetry(transport, attempts);
  return new HttpTransport({
    endpoint,
    clock,
    random,
    ...(token === undefined ? {} : { token }),
    ...(tls === undefined ? {} : { tls }),
    ...(retry === undefined ? {} : { retry }),
  });
}

function closedError(): CfluxError {
  return new CfluxError('CLOSED', 'the client is closed', { outcome: 'none' });
}

function foreignError(): CfluxError {
  return new CfluxError(
    'FOREIGN_EPOCH',
    'the manager holds another cluster’s metadata: call adopt() or reseed()',
    {
      outcome: 'none',
    },
  );
}
