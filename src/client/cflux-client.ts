import type { ListenerOptions } from '../async/subscriptions.js';
import type { CertificateInfo } from '../certificates.js';
import { checkMethods } from '../check-options.js';
import type { MetaClient, MetaClientLike } from '../meta/meta-client.js';
import type { DropOrders } from '../protocol/drop-orders.js';
import type { NodeReport } from '../protocol/node-report.js';
import type { NodeInfo } from '../protocol/nodes.js';
import type { WaitForNodesResult } from '../protocol/waiting-for-nodes.js';
import { withCallerFrames } from './caller-frames.js';
import type { MutationOperation } from './commit/mutation-tools.js';
import {
  checkCallOptions,
  type MutateOptions,
  type WaitForNodesOptions,
  type WaitOptions,
} from './config/call-options.js';
import { type CfluxOptions, resolveOptions } from './config/options.js';
import type { Applied } from './follow/applied-version.js';
import {
  defineMetaMethods,
  type OwnMethods,
  type PromisedMetaClient,
  passOwnMethods,
} from './meta-methods.js';
import type { CfluxEventName, CfluxEvents, MetadataChange } from './observe/events.js';
import type { CfluxStatus } from './observe/status.js';
import { Session } from './session.js';

/** How long `close` waits for the push under way, in milliseconds. */
const closeTimeout = 5_000;

// The methods of MetaClient are defined from a table; this declares them for the type checker.
const WithMetaMethods = class {} as unknown as new <M>() => PromisedMetaClient<M>;

/**
 * What every {@link CfluxClient} has, whichever methods of its own the wrapped client has. A class with a type parameter extends it:
 * TypeScript refuses a base class such as `CfluxClient<T>`, whose members depend on a `T` that is not known yet.
 *
 * @example
 * ```ts
 * const versionOf = (any: CfluxClientMembers<MetaClientLike>) => any.status.version;
 * console.log(versionOf(client));
 * ```
 */
export class CfluxClientMembers<M extends MetaClientLike> extends WithMetaMethods<M> {
  /** The wrapped client. It may be read directly, but must be changed only through this client. */
  readonly meta: M;
  /** Not typed by `M`, so that a client of a mock is a `CfluxClient` too. Operations get the wrapped client or a fork of it. */
  readonly #session: Session<MetaClientLike>;
  #closing: Promise<void> | undefined;

  /**
   * @param meta the node's meta client: a LocalMetaClient, your own client, or a mock with at least `data` and `setData`
   * @param options default to the environment's `CLUSTER` and `CFLUX_ENDPOINT` for `cluster` and `endpoint`
   * @throws CfluxError `INVALID_OPTION` with the name of the option
   */
  constructor(meta: M, options: CfluxOptions = {}) {
    super();
    checkMethods('meta of CfluxClient', meta, ['data', 'setData']);
    this.meta = meta;
    this.#session = new Session<MetaClientLike>(meta, resolveOptions(options));
    passOwnMethods(this, meta, (operation) => this.#session.read(operation));
  }

  static {
    // The name that users know, also in stacks and in a minified bundle.
    Object.defineProperty(CfluxClientMembers, 'name', { value: 'CfluxClient' });
    defineMetaMethods<CfluxClientMembers<MetaClientLike>>(CfluxClientMembers.prototype, {
      mutation: (client, operation, { isAtomic }) =>
        client.#session.mutate(operation, {}, { isMethod: true, isAtomic }),
      read: (client, operation) => client.#session.read(operation),
    });
  }

  /** The current state of the client. */
  get status(): CfluxStatus {
    return this.#session.status;
  }

  /** TLS certificates of the connections to the manager: this node's own, and the trusted authorities. */
  get certificates(): readonly CertificateInfo[] {
    return this.#session.certificates;
  }

  /**
   * Calls `listener` at every event `name`. An exception of the listener is thrown in a separate task.
   *
   * @param options `signal` unsubscribes the listener when it aborts
   */
  on<Name extends CfluxEventName>(
    name: Name,
    listener: (...payload: CfluxEvents[Name]) => void,
    options: ListenerOptions = {},
  ): this {
    this.#session.events.on(name, listener, options);
    return this;
  }

  /**
   * Calls `listener` at the next event `name`.
   *
   * @param options `signal` unsubscribes the listener when it aborts
   */
  once<Name extends CfluxEventName>(
    name: Name,
    listener: (...payload: CfluxEvents[Name]) => void,
    options: ListenerOptions = {},
  ): this {
    this.#session.events.once(name, listener, options);
    return this;
  }

  /** Unsubscribes `listener`, or every listener of `name`. */
  off<Name extends CfluxEventName>(name: Name, listener?: (...payload: CfluxEvents[Name]) => void): this {
    this.#session.events.off(name, listener);
    return this;
  }

  /**
   * The changes of the metadata from now on, whichever node made them, as for the event `changed`. A consumer that is 1,000 changes late
   * gets the newest of them merged into one. The iteration ends when the client closes, or when the loop is left.
   *
   * @param options `signal` ends the iteration: it then rejects with the signal's reason
   * @example
   * ```ts
   * const changes = client.changes();
   * await client.createDatabase('sensors');
   * for await (const { version, origin } of changes) {
   *   console.log(`version ${version} is ${origin}`); // local: this node changed it
   *   break; // without it, the loop goes on until the client closes
   * }
   * ```
   */
  changes(options: { signal?: AbortSignal } = {}): AsyncIterableIterator<MetadataChange> {
    return this.#session.changes(options);
  }

  /**
   * Opens the wrapped client, registers the node, fetches the cluster's metadata (or seeds an empty cluster with this node's) and
   * starts the heartbeat and sync loops. Idempotent: returns the same promise. It may be called again after a failure, except
   * after `FOREIGN_CLUSTER`: then the node is a member, keeps its metadata, and waits for `adopt()` or `reseed()`.
   *
   * @param options `signal` aborts opening
   * @throws CfluxError `UNREACHABLE` and other transport errors unless `startOffline`, `FOREIGN_CLUSTER`, `CLOSED`
   */
  open(options: { signal?: AbortSignal } = {}): Promise<void> {
    return this.#session.open(options);
  }

  /**
   * Leaves the cluster: ends the loops, rejects queued changes, waits for the push under way, notifies the manager and closes the
   * wrapped client. Idempotent: returns the same promise. Does not reject if the manager cannot be reached.
   *
   * @param options `deregister` gives up the node's id permanently (default: only if the node cannot remember it, because it has neither
   * `dir` nor `storage`); `timeout` (default 5,000 ms) limits the wait for the push under
   * way, whose changes then reject as `UNKNOWN_OUTCOME`
   */
  close(options: { deregister?: boolean; timeout?: number } = {}): Promise<void> {
    try {
      checkCallOptions.close(options);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#closing ??= this.#session.close(options.deregister, options.timeout ?? closeTimeout);
    return this.#closing;
  }

  /** As `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Changes the metadata of the cluster: `operation` gets a meta client and changes it. After a conflict it is applied again to the
   * newer metadata. Resolves with its result once the change is part of the cluster. With `orderDrop`, its second argument has a way to
   * order that a database or policy is dropped on every server.
   *
   * @param operation must do nothing that lasts besides changing the client it is handed: it may run several times
   * @param options `timeout`: milliseconds until the change is given up, default `mutationTimeout`; `signal` gives it up, too. Both
   * reject at once, also while `operation` runs or waits for its turn, unless the request is on the wire: then its outcome counts.
   * `acks: 'all'` resolves only when every node has the change, as `waitForNodes` defines that; `timeout` includes this wait.
   * `onDropOrders` is called before it resolves, if it ordered drops: an older manager ignores orders
   * @throws what `operation` throws on the newest metadata; CfluxError `UNKNOWN_OUTCOME` where the change may have been made
   * all the same; `NOT_EVERYWHERE` if it was made, and only the wait for the other nodes failed; `CONFLICT_TIMEOUT`, `TIMEOUT`, `NESTED_MUTATION`, `NOT_OPEN`, `CLOSED`, `FOREIGN_CLUSTER`, and the wire's
   */
  mutate<T>(operation: MutationOperation<M, T>, options: MutateOptions = {}): Promise<T> {
    return withCallerFrames(() =>
      this.#session.mutate(operation as MutationOperation<MetaClientLike, T>, options, {
        isMethod: false,
        isAtomic: false,
      }),
    );
  }

  /** Fetches the manager's newest metadata. Resolves with its version. */
  refresh(options: WaitOptions = {}): Promise<number> {
    return withCallerFrames(() => this.#session.refresh(options));
  }

  /**
   * Resolves when this node has `version` or a later one.
   *
   * @throws CfluxError `TIMEOUT` after `timeout` milliseconds (default: never), `CLOSED`
   */
  waitForVersion(version: number, options: WaitOptions = {}): Promise<void> {
    return withCallerFrames(() => this.#session.waitForVersion(version, options));
  }

  /**
   * Resolves when every node that counts has `version` or a later one: agents when their server is in sync with it, except for the findings
   * of their report; others when they hold it. A node counts from its registration until it leaves, or its time to live is over; legacy
   * nodes do not count, because they report no versions. For one time to live after its start (15 s by default) a manager does not know
   * all nodes, and the call waits.
   *
   * @param options `timeout`: milliseconds, default 20,000; `signal` ends the wait; `seen`: milliseconds after which a silent node does not
   * count, although it is alive
   * @returns also the agents that have findings, and the legacy nodes
   * @throws CfluxError `TIMEOUT`: its message names the nodes behind, and its `cause` is the last WaitForNodesResult, or the error if the
   * manager could not be reached; `EPOCH_MISMATCH`: the version is not, or no longer, part of the manager's history; `NO_SUCH_ROUTE`: the
   * manager is too old to wait for nodes; `CLOSED`
   */
  waitForNodes(version: number, options: WaitForNodesOptions = {}): Promise<WaitForNodesResult> {
    return withCallerFrames(() => this.#session.waitForNodes(version, options));
  }

  /** Replaces this node's metadata with the manager's, after a backup: one way to resolve `foreignCluster`. */
  adopt(options: WaitOptions = {}): Promise<void> {
    return withCallerFrames(() => this.#session.adopt(options));
  }

  /**
   * Replaces the cluster's metadata with this node's: the other way to resolve `foreignCluster`.
   *
   * @throws CfluxError `UNKNOWN_OUTCOME` if a response was lost, and the manager cannot tell whether it stored the metadata
   */
  reseed(options: WaitOptions = {}): Promise<void> {
    return withCallerFrames(() => this.#session.reseed(options));
  }

  /**
   * Sets the version that the server next to this node is in sync with (0: none yet), which the next heartbeats report, and makes the node
   * an agent's. `InfluxMirror.follow` does this by itself.
   */
  noteApplied(applied: Applied): void {
    this.#session.noteApplied(applied);
  }

  /**
   * Sends the report of an agent about its server to the manager, for `nodes()`. It replaces the previous report.
   *
   * @throws CfluxError `NO_SUCH_ROUTE` if the manager takes no reports, or the node is not registered yet; `TOO_MANY_REQUESTS` if it has
   * no room for this one
   */
  report(report: NodeReport, options: WaitOptions = {}): Promise<void> {
    return withCallerFrames(() => this.#session.report(report, options));
  }

  /**
   * Resolves with the drop orders of versions above `since`; `undefined` if the manager is older and has none.
   *
   * @throws CfluxError `EPOCH_MISMATCH` if the manager has another history than this node
   */
  dropOrders(since: number, options: WaitOptions = {}): Promise<DropOrders | undefined> {
    return withCallerFrames(() => this.#session.dropOrders(since, options));
  }

  /** Resolves with the cluster's members, alive or not, with the versions that each reported last. */
  nodes(options: WaitOptions = {}): Promise<readonly NodeInfo[]> {
    return withCallerFrames(() => this.#session.nodes(options));
  }
}

/**
 * {@link CfluxClient} as a class: create clients with `new`, extend it, test with `instanceof`. A class with a type parameter extends
 * {@link CfluxClientMembers} instead.
 */
export interface CfluxClientConstructor {
  /**
   * Creates a client, which does nothing before `open()`.
   *
   * @param meta the node's meta client: a LocalMetaClient, your own client, or a mock with at least `data` and `setData`
   * @param options default to the environment's `CLUSTER` and `CFLUX_ENDPOINT` for `cluster` and `endpoint`
   * @throws CfluxError `INVALID_OPTION` with the name of the option
   */
  new <M extends MetaClientLike = MetaClient>(meta: M, options?: CfluxOptions): CfluxClient<M>;
  /** What `instanceof` narrows to. */
  readonly prototype: CfluxClientMembers<MetaClient>;
}

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
export type CfluxClient<M extends MetaClientLike = MetaClient> = CfluxClientMembers<M> &
  OwnMethods<M, keyof CfluxClientMembers<MetaClientLike>>;

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
export const CfluxClient = CfluxClientMembers as unknown as CfluxClientConstructor;
