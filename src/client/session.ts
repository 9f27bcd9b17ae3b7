import { withDeadline } from '../async/deadline.js';
import { lifetimeController } from '../async/lifetime.js';
import { withLinkedSignal } from '../async/linked-signal.js';
import type { CertificateInfo } from '../certificates.js';
import { argument, checkArgument } from '../check-arguments.js';
import { isCfluxError } from '../errors.js';
import type { Subscribable } from '../event-hub.js';
import type { MetaClientLike } from '../meta/meta-client.js';
import type { DropOrders } from '../protocol/drop-orders.js';
import type { NodeReport } from '../protocol/node-report.js';
import type { NodeInfo } from '../protocol/nodes.js';
import { noVersion } from '../protocol/version.js';
import type { WaitForNodesResult } from '../protocol/waiting-for-nodes.js';
import type { CallOptions } from '../transport/transport.js';
import { func, wholeNumber } from '../value-kinds.js';
import type { MutationOperation } from './commit/mutation-tools.js';
import {
  checkCallOptions,
  type MutateOptions,
  type WaitForNodesOptions,
  type WaitOptions,
} from './config/call-options.js';
import type { Settings } from './config/options.js';
import type { Applied } from './follow/applied-version.js';
import { type NodesToWaitFor, notEverywhere, waitForNodes } from './follow/wait-for-nodes.js';
import { Lifecycle } from './lifecycle.js';
import type { Operation } from './local/meta-client-adapter.js';
import type { Position } from './local/position.js';
import { ChangeStream } from './observe/change-stream.js';
import { logEvents } from './observe/event-log.js';
import type { CfluxEvents } from './observe/events.js';
import type { CfluxStatus } from './observe/status.js';
import {
  closedError,
  foreignClusterError,
  nestedError,
  noReports,
  notAVersion,
  notOpenError,
  otherHistory,
  selfWaitError,
} from './refusals.js';
import { SessionParts } from './session-parts.js';

/** Default time for which a call waits for the nodes, in milliseconds. */
const nodesTimeout = 20_000;

/** Properties of an operation; see MutationOptions. */
export interface OperationKind {
  readonly isMethod: boolean;
  readonly isAtomic: boolean;
}

const operationKind = argument('operation', func);
const versionKind = argument('version', wholeNumber);

/** A running client, as CfluxClient uses it: checks which calls are allowed in which state. Everything else is private. */
export class Session<M extends MetaClientLike> {
  readonly #meta: M;
  readonly #settings: Settings;
  readonly #parts: SessionParts<M>;
  readonly #lifecycle: Lifecycle<M>;
  /** Aborts all waiting callers when the client closes. */
  readonly #closing: AbortSignal;

  constructor(meta: M, settings: Settings) {
    this.#meta = meta;
    this.#settings = settings;
    const life = lifetimeController();
    const wire = new AbortController();
    this.#closing = life.signal;
    this.#parts = new SessionParts(meta, settings, { closing: life.signal, wire: wire.signal });
    this.#lifecycle = new Lifecycle(meta, settings, this.#parts, { life, wire });
    const { hub, replica } = this.#parts;
    const { logger, cluster } = settings;
    if (logger) logEvents(hub, logger, () => ({ cluster, nodeId: replica.nodeId }));
  }

  get events(): Subscribable<CfluxEvents> {
    return this.#parts.hub;
  }

  changes(options: { readonly signal?: AbortSignal }): ChangeStream {
    checkCallOptions.changes(options);
    const { hub, state } = this.#parts;
    return new ChangeStream(hub, state.state === 'closed', options.signal);
  }

  get status(): CfluxStatus {
    const { state, network, replica, membership, sync, queue } = this.#parts;
    const { version, epoch } = replica.position;
    return {
      state: state.state,
      cluster: this.#settings.cluster,
      endpoint: network.transport.endpoint,
      nodeId: replica.nodeId,
      version,
      epoch,
      lastHeartbeatAt: membership.lastHeartbeatAt,
      lastSyncAt: sync.lastSyncAt,
      pendingMutations: queue.size,
    };
  }

  get certificates(): readonly CertificateInfo[] {
    return this.#parts.network.certificates();
  }

  open(options: { readonly signal?: AbortSignal }): Promise<void> {
    try {
      checkCallOptions.open(options);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#lifecycle.open(options.signal);
  }

  close(deregister: boolean | undefined, timeout: number): Promise<void> {
    return this.#lifecycle.close(deregister, timeout);
  }

  mutate<T>(operation: MutationOperation<M, T>, options: MutateOptions, kind: OperationKind): Promise<T> {
    try {
      checkCallOptions.mutate(options);
      checkArgument('mutate', operationKind, operation);
      this.#checkMutable();
      options.signal?.throwIfAborted();
    } catch (error) {
      return Promise.reject(error);
    }
    const { timeout = this.#settings.mutationTimeout, signal, acks, onDropOrders } = options;
    const end = this.#settings.clock.monotonic() + timeout;
    const pending = this.#parts.queue.add(operation, { timeout, signal, onDropOrders, ...kind });
    if (acks !== 'all') return pending.outcome;
    return pending.outcome.then(async (result) => {
      await this.#everywhere(pending.position ?? this.#parts.replica.position, { end, signal });
      return result;
    });
  }

  /** Waits for all nodes after a change. Whatever fails now, the change was made. */
  async #everywhere(
    { version, epoch }: Position,
    { end, signal }: { readonly end: number; readonly signal: AbortSignal | undefined },
  ): Promise<void> {
    const timeout = Math.max(0, end - this.#settings.clock.monotonic());
    try {
      await this.#waitForNodes({ version, epoch, timeout }, signal);
    } catch (error) {
      throw notEverywhere(version, error);
    }
  }

  async read<T>(operation: Operation<M, T>): Promise<T> {
    const { state, scope, adapter } = this.#parts;
    if (state.isClosing) throw closedError();
    const own = scope.current;
    if (own !== undefined) return operation(own);
    const { decided } = adapter;
    // Check again after each wait, because the next round may have begun.
    while (this.#settings.reads === 'accepted' && !decided.isOpen) await decided.wait();
    return operation(this.#meta);
  }

  async refresh(options: WaitOptions): Promise<number> {
    checkCallOptions.refresh(options);
    const { reconciler, replica } = this.#parts;
    await this.#reconcile(options, (limits) => reconciler.catchUp(limits));
    return replica.position.version;
  }

  async adopt(options: WaitOptions): Promise<void> {
    checkCallOptions.adopt(options);
    const { reconciler, sync } = this.#parts;
    await this.#reconcile(options, (limits) => reconciler.adopt(limits));
    sync.hurry();
  }

  async reseed(options: WaitOptions): Promise<void> {
    checkCallOptions.reseed(options);
    const { reconciler, sync } = this.#parts;
    await this.#reconcile(options, (limits) => reconciler.reseed(limits));
    sync.hurry();
  }

  async waitForVersion(version: number, options: WaitOptions): Promise<void> {
    checkArgument('waitForVersion', versionKind, version);
    checkCallOptions.waitForVersion(options);
    const { replica, scope, waiters } = this.#parts;
    this.#checkOpen();
    if (replica.position.version >= version) return;
    if (scope.current !== undefined) throw selfWaitError();
    const { clock } = this.#settings;
    const timeout = options.timeout ?? Number.POSITIVE_INFINITY;
    await withLinkedSignal([options.signal, this.#closing], (signal) =>
      waiters.wait(version, { clock, timeout, signal }),
    );
  }

  noteApplied(applied: Applied): void {
    const { applied: known, membership } = this.#parts;
    if (known.note(applied)) membership.hurry();
  }

  async report(report: NodeReport, options: WaitOptions): Promise<void> {
    checkCallOptions.report(options);
    this.#checkOpen();
    const { network, replica } = this.#parts;
    const { nodeId } = replica;
    const { transport } = network;
    if (nodeId === undefined || transport.report === undefined) throw noReports();
    const request = { cluster: this.#settings.cluster, nodeId, report };
    await this.#untilClosed(options, async (limits) => transport.report?.(request, limits));
  }

  async nodes(options: WaitOptions): Promise<readonly NodeInfo[]> {
    checkCallOptions.nodes(options);
    this.#checkOpen();
    const { cluster } = this.#settings;
    return this.#untilClosed(options, (limits) => this.#parts.network.transport.nodes({ cluster }, limits));
  }

  async dropOrders(since: number, options: WaitOptions): Promise<DropOrders | undefined> {
    checkArgument('dropOrders', versionKind, since);
    checkCallOptions.dropOrders(options);
    this.#checkOpen();
    const { network, replica } = this.#parts;
    const { transport } = network;
    const { epoch } = replica.position;
    const request = { cluster: this.#settings.cluster, since, epoch };
    const answer = await this.#untilClosed(options, async (limits) =>
      transport.dropOrders?.(request, limits),
    ).catch((error: unknown) => {
      // A 404 of a proxy has no `Cflux-Outcome`. Managers without epochs never send that.
      if (isCfluxError(error, 'NO_SUCH_ROUTE') && (epoch === undefined || error.outcome === 'notApplied'))
        return undefined;
      throw error;
    });
    if (answer?.kind === 'epochMismatch') throw otherHistory();
    return answer;
  }

  async waitForNodes(version: number, options: WaitForNodesOptions): Promise<WaitForNodesResult> {
    checkArgument('waitForNodes', versionKind, version);
    checkCallOptions.waitForNodes(options);
    this.#checkOpen();
    if (version === noVersion) throw notAVersion(version);
    const { timeout = nodesTimeout, signal, seen } = options;
    if (this.#parts.scope.current !== undefined) throw selfWaitError();
    const { epoch } = this.#parts.replica.position;
    return this.#waitForNodes({ version, epoch, timeout, seen }, signal);
  }

  #waitForNodes(
    wanted: Pick<NodesToWaitFor, 'version' | 'epoch' | 'timeout' | 'seen'>,
    signal: AbortSignal | undefined,
  ): Promise<WaitForNodesResult> {
    const { cluster, clock, random } = this.#settings;
    const { transport } = this.#parts.network;
    return withLinkedSignal([signal, this.#closing], (linked) =>
      waitForNodes({ transport, clock, random }, { cluster, ...wanted, signal: linked }),
    );
  }

  #checkOpen(): void {
    const { state } = this.#parts;
    if (state.isClosing) throw closedError();
    if (state.state === 'created') throw notOpenError();
  }

  #checkMutable(): void {
    this.#checkOpen();
    if (this.#parts.scope.current !== undefined) throw nestedError();
    if (this.#parts.state.state === 'foreignCluster') throw foreignClusterError();
  }

  /** Runs `task`, which exchanges requests with the manager, as the only writer (R1). */
  async #reconcile(options: WaitOptions, task: (limits: CallOptions) => Promise<unknown>): Promise<void> {
    const { scope, writer } = this.#parts;
    this.#checkOpen();
    if (scope.current !== undefined) throw selfWaitError();
    const { clock } = this.#settings;
    await this.#untilClosed(options, (limits) =>
      // The signal ends the wait for the writer lock, too: a mutation may hold it for long.
      withDeadline({ clock, signals: [limits.signal] }, () =>
        writer.run(async () => {
          limits.signal?.throwIfAborted();
          await task(limits);
        }),
      ),
    );
  }

  /** `timeout` applies to each request; waiting for the writer lock does not count. */
  #untilClosed<T>({ signal, timeout }: WaitOptions, task: (limits: CallOptions) => Promise<T>): Promise<T> {
    return withLinkedSignal([signal, this.#closing], (linked) =>
      task({ signal: linked, ...(timeout === undefined ? {} : { timeout }) }),
    ).catch((error: unknown) => {
      this.#parts.noteFailure(error);
      throw error;
    });
  }
}
