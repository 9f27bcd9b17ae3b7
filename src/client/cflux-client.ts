import type { CertificateInfo } from '../certificates.js';
import type { MetaClient, MetaClientLike } from '../meta/meta-client.js';
import type { NodeInfo } from '../protocol/nodes.js';
import type { CallOptions } from '../transport/transport.js';
import { logEvents } from './event-log.js';
import type { CfluxEventName, CfluxEvents } from './events.js';
import type { Operation } from './holder.js';
import { withLinkedSignal } from './linked-signal.js';
import { defineMetaMethods, type PromisedMetaClient } from './meta-methods.js';
import { type CfluxOptions, resolveOptions, type Settings } from './options.js';
import { closedError, foreignError, nestedError, selfWaitError } from './refusals.js';
import { Session } from './session.js';
import type { CfluxStatus } from './status.js';

/** How long `close` waits for what is on the wire, in milliseconds. */
const closeTimeout = 5_000;

/** Limits of a call that waits. */
export interface WaitOptions {
  /** Ends the wait; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds. */
  readonly timeout?: number;
}

// The methods of MetaClient are made from their table; this tells the type checker of them.
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
  /** Without `M`, so that a client of a mock is a `CfluxClient` too; its operations get this very client, or a fork of it. */
  readonly #session: Session<MetaClientLike>;
  #closing: Promise<void> | undefined;

  /**
   * @param meta the node's meta client: a LocalMetaClient, a client of your own, or a mock with at least `data` and `setData`
   * @param options the environment's `CLUSTER` and `CFLUX_ENDPOINT` are read where `cluster` and `endpoint` are not given
   * @throws CfluxError `INVALID_OPTION`, naming the option
   */
  constructor(meta: M, options: CfluxOptions = {}) {
    super();
    this.meta = meta;
    this.#settings = resolveOptions(options);
    this.#session = new Session<MetaClientLike>(meta, this.#settings);
    const { logger, cluster } = this.#settings;
    const { hub, replica } = this.#session;
    if (logger) logEvents(hub, logger, () => ({ cluster, nodeId: replica.nodeId }));
  }

  static {
    defineMetaMethods<CfluxClient<MetaClientLike>>(CfluxClient.prototype, {
      mutation: (client, operation, { isAtomic }) =>
        client.#mutate(operation, {}, { isMethod: true, isAtomic }),
      read: (client, operation) => client.#read(operation),
    });
  }

  /** Where the client stands. */
  get status(): CfluxStatus {
    const { state, transport, replica, membership, sync, queue } = this.#session;
    const { version, epoch } = replica.position;
    return {
      state: state.state,
      cluster: this.#settings.cluster,
      endpoint: transport.endpoint,
      nodeId: replica.nodeId,
      version,
      epoch,
      lastHeartbeatAt: membership.lastHeartbeatAt,
      lastSyncAt: sync.lastSyncAt,
      pendingMutations: queue.size,
    };
  }

  /** TLS certificates of the connections to the manager: this node's own, and the authorities that it trusts. */
  get certificates(): readonly CertificateInfo[] {
    return this.#session.certificates();
  }

  /** Calls `listener` at every event `name`; an exception of it surfaces in a task of its own. */
  on<Name extends CfluxEventName>(name: Name, listener: (...payload: CfluxEvents[Name]) => void): this {
    this.#session.hub.on(name, listener);
    return this;
  }

  /** Calls `listener` at the next event `name`. */
  once<Name extends CfluxEventName>(name: Name, listener: (...payload: CfluxEvents[Name]) => void): this {
    this.#session.hub.once(name, listener);
    return this;
  }

  /** Ends the subscription of `listener`, or of every listener of `name`. */
  off<Name extends CfluxEventName>(name: Name, listener?: (...payload: CfluxEvents[Name]) => void): this {
    this.#session.hub.off(name, listener);
    return this;
  }

  /**
   * Opens the wrapped client, registers the node, brings the cluster's metadata here (or gives an empty cluster this node's)
   * and begins to heartbeat and to follow. Calling it again answers the same. After a failure it may be called again, except
   * after `FOREIGN_EPOCH`: then the node is a member with what it has, and waits for `adopt()` or `reseed()`.
   *
   * @param options `signal` gives up
   * @throws CfluxError `UNREACHABLE` and others of the wire unless `startOffline`, `FOREIGN_EPOCH`, `CLOSED`
   */
  open(options: { signal?: AbortSignal } = {}): Promise<void> {
    return this.#session.open(options.signal);
  }

  /**
   * Leaves the cluster: ends the loops, rejects what waits, waits for what is on the wire, tells the manager, closes the
   * wrapped client. Calling it again answers the same. It does not reject for want of a manager.
   *
   * @param options `deregister` gives the node's id up for good; `timeout` (default 5,000 ms) is how long the change on the
   * wire is waited for before it rejects as `UNKNOWN_OUTCOME`
   */
  close(options: { deregister?: boolean; timeout?: number } = {}): Promise<void> {
    this.#closing ??= this.#session.close(options.deregister ?? false, options.timeout ?? closeTimeout);
    return this.#closing;
  }

  /** As `close()`, for `await using`. */
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
  mutate<T>(operation: Operation<M, T>, options: WaitOptions = {}): Promise<T> {
    return this.#mutate(operation as Operation<MetaClientLike, T>, options, {
      isMethod: false,
      isAtomic: false,
    });
  }

  /** Brings the manager's newest metadata here and answers its version. */
  async refresh(options: WaitOptions = {}): Promise<number> {
    await this.#reconcile(options, (limits) => this.#session.reconciler.catchUp(limits));
    return this.#session.replica.position.version;
  }

  /**
   * Resolves when this node has `version` or a later one.
   *
   * @throws CfluxError `TIMEOUT` after `timeout` milliseconds (default: never), `CLOSED`
   */
  async waitForVersion(version: number, options: WaitOptions = {}): Promise<void> {
    this.#session.checkOpen();
    if (this.#session.replica.position.version >= version) return;
    if (this.#session.scope.current !== undefined) throw selfWaitError();
    const { clock } = this.#settings;
    const timeout = options.timeout ?? Number.POSITIVE_INFINITY;
    await withLinkedSignal([options.signal, this.#session.closing], (signal) =>
      this.#session.waiters.wait(version, { clock, timeout, signal }),
    );
  }

  /** Takes the manager's metadata, whatever it is, with a backup of this node's: the operator's answer to `foreignEpoch`. */
  async adopt(options: WaitOptions = {}): Promise<void> {
    await this.#reconcile(options, (limits) => this.#session.reconciler.adopt(limits));
    this.#session.sync.hurry();
  }

  /** Makes this node's metadata the cluster's, whatever the manager has: the operator's other answer to `foreignEpoch`. */
  async reseed(options: WaitOptions = {}): Promise<void> {
    await this.#reconcile(options, (limits) => this.#session.reconciler.reseed(limits));
    this.#session.sync.hurry();
  }

  /** The cluster's members, alive or not. */
  async nodes(options: WaitOptions = {}): Promise<readonly NodeInfo[]> {
    this.#session.checkOpen();
    return this.#untilClosed(options, (limits) =>
      this.#session.transport.nodes({ cluster: this.#settings.cluster }, limits),
    );
  }

  /** `isMethod`: it is one call of the wrapped client's. */
  #mutate<T>(
    operation: Operation<MetaClientLike, T>,
    { timeout = this.#settings.mutationTimeout, signal }: WaitOptions,
    kind: { readonly isMethod: boolean; readonly isAtomic: boolean },
  ): Promise<T> {
    try {
      this.#checkMutable();
      signal?.throwIfAborted();
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#session.queue.add(operation, { timeout, signal, ...kind });
  }

  #checkMutable(): void {
    this.#session.checkOpen();
    if (this.#session.scope.current !== undefined) throw nestedError();
    if (this.#session.state.state === 'foreign') throw foreignError();
  }

  async #read<T>(operation: Operation<MetaClientLike, T>): Promise<T> {
    if (this.#session.state.isClosing) throw closedError();
    const own = this.#session.scope.current;
    if (own !== undefined) return operation(own);
    const { decided } = this.#session.holder;
    // Asked again after each wait: the next round may have begun.
    while (this.#settings.reads === 'accepted' && !decided.isOpen) await decided.wait();
    return operation(this.meta);
  }

  /** Speaks with the manager as the one writer (R1). */
  async #reconcile(options: WaitOptions, task: (limits: CallOptions) => Promise<unknown>): Promise<void> {
    this.#session.checkOpen();
    if (this.#session.scope.current !== undefined) throw selfWaitError();
    await this.#untilClosed(options, (limits) =>
      this.#session.write(async () => {
        limits.signal?.throwIfAborted();
        await task(limits);
      }),
    );
  }

  /** `timeout` is that of each request: the turn before it is not counted. */
  #untilClosed<T>({ signal, timeout }: WaitOptions, task: (limits: CallOptions) => Promise<T>): Promise<T> {
    return withLinkedSignal([signal, this.#session.closing], (linked) =>
      task({ signal: linked, ...(timeout === undefined ? {} : { timeout }) }),
    );
  }
}
