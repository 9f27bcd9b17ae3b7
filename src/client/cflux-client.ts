import type { CertificateInfo } from '../certificates.js';
import { checkMethods } from '../check-options.js';
import type { MetaClient, MetaClientLike } from '../meta/meta-client.js';
import type { NodeInfo } from '../protocol/nodes.js';
import { type CfluxOptions, resolveOptions } from './config/options.js';
import type { Operation } from './local/meta-client-adapter.js';
import { defineMetaMethods, type PromisedMetaClient } from './meta-methods.js';
import type { CfluxEventName, CfluxEvents } from './observe/events.js';
import type { CfluxStatus } from './observe/status.js';
import { Session, type WaitOptions } from './session.js';

/** How long `close` waits for what is on the wire, in milliseconds. */
const closeTimeout = 5_000;

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
    checkMethods('meta of CfluxClient', meta, ['data', 'setData']);
    this.meta = meta;
    this.#session = new Session<MetaClientLike>(meta, resolveOptions(options));
  }

  static {
    defineMetaMethods<CfluxClient<MetaClientLike>>(CfluxClient.prototype, {
      mutation: (client, operation, { isAtomic }) =>
        client.#session.mutate(operation, {}, { isMethod: true, isAtomic }),
      read: (client, operation) => client.#session.read(operation),
    });
  }

  /** Where the client stands. */
  get status(): CfluxStatus {
    return this.#session.status;
  }

  /** TLS certificates of the connections to the manager: this node's own, and the authorities that it trusts. */
  get certificates(): readonly CertificateInfo[] {
    return this.#session.certificates;
  }

  /** Calls `listener` at every event `name`; an exception of it surfaces in a task of its own. */
  on<Name extends CfluxEventName>(name: Name, listener: (...payload: CfluxEvents[Name]) => void): this {
    this.#session.events.on(name, listener);
    return this;
  }

  /** Calls `listener` at the next event `name`. */
  once<Name extends CfluxEventName>(name: Name, listener: (...payload: CfluxEvents[Name]) => void): this {
    this.#session.events.once(name, listener);
    return this;
  }

  /** Ends the subscription of `listener`, or of every listener of `name`. */
  off<Name extends CfluxEventName>(name: Name, listener?: (...payload: CfluxEvents[Name]) => void): this {
    this.#session.events.off(name, listener);
    return this;
  }

  /**
   * Opens the wrapped client, registers the node, brings the cluster's metadata here (or gives an empty cluster this node's)
   * and begins to heartbeat and to follow. Calling it again answers the same. After a failure it may be called again, except
   * after `FOREIGN_CLUSTER`: then the node is a member with what it has, and waits for `adopt()` or `reseed()`.
   *
   * @param options `signal` gives up
   * @throws CfluxError `UNREACHABLE` and others of the wire unless `startOffline`, `FOREIGN_CLUSTER`, `CLOSED`
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
   * @param options `timeout`: milliseconds until the change is given up, default `mutationTimeout`; `signal` gives it up, too. Both
   * reject at once, also while `operation` runs or waits for its turn, unless the request is on the wire: then its outcome counts
   * @throws what `operation` throws on the newest metadata; CfluxError `UNKNOWN_OUTCOME` where the change may have been made
   * all the same, `CONFLICT_TIMEOUT`, `TIMEOUT`, `NESTED_MUTATION`, `NOT_OPEN`, `CLOSED`, `FOREIGN_CLUSTER`, and the wire's
   */
  mutate<T>(operation: Operation<M, T>, options: WaitOptions = {}): Promise<T> {
    return this.#session.mutate(operation as Operation<MetaClientLike, T>, options, {
      isMethod: false,
      isAtomic: false,
    });
  }

  /** Brings the manager's newest metadata here and answers its version. */
  refresh(options: WaitOptions = {}): Promise<number> {
    return this.#session.refresh(options);
  }

  /**
   * Resolves when this node has `version` or a later one.
   *
   * @throws CfluxError `TIMEOUT` after `timeout` milliseconds (default: never), `CLOSED`
   */
  waitForVersion(version: number, options: WaitOptions = {}): Promise<void> {
    return this.#session.waitForVersion(version, options);
  }

  /** Takes the manager's metadata, whatever it is, with a backup of this node's: the operator's answer to `foreignCluster`. */
  adopt(options: WaitOptions = {}): Promise<void> {
    return this.#session.adopt(options);
  }

  /**
   * Makes this node's metadata the cluster's, whatever the manager has: the operator's other answer to `foreignCluster`.
   *
   * @throws CfluxError `UNKNOWN_OUTCOME` if a response was lost, and the manager cannot tell whether it stored the metadata
   */
  reseed(options: WaitOptions = {}): Promise<void> {
    return this.#session.reseed(options);
  }

  /** The cluster's members, alive or not. */
  nodes(options: WaitOptions = {}): Promise<readonly NodeInfo[]> {
    return this.#session.nodes(options);
  }
}
