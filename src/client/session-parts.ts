import { Gate } from '../async/gate.js';
import { Mutex } from '../async/mutex.js';
import { isCfluxError } from '../errors.js';
import { EventHub } from '../event-hub.js';
import type { MetaClientLike } from '../meta/meta-client.js';
import { randomUuid } from '../random.js';
import { CommitLoop } from './commit/commit-loop.js';
import { Committer } from './commit/committer.js';
import { MutationQueue } from './commit/mutation-queue.js';
import { OperationScope } from './commit/operation-scope.js';
import { describeHost } from './config/host.js';
import { type NodeTransport, nodeTransport } from './config/node-transport.js';
import type { Settings } from './config/options.js';
import { AppliedVersion } from './follow/applied-version.js';
import { Membership } from './follow/membership.js';
import { Reconciler } from './follow/reconciler.js';
import { Staleness } from './follow/staleness.js';
import { SyncLoop } from './follow/sync-loop.js';
import { VersionWaiters } from './follow/version-waiters.js';
import { adaptMetaClient, type MetaClientAdapter } from './local/meta-client-adapter.js';
import { NodeDirectory, type NodeStorage } from './local/node-directory.js';
import { Replica } from './local/replica.js';
import { type CfluxEvents, cfluxEventNames } from './observe/events.js';
import { StateMachine } from './state.js';

/**
 * Creates and connects the parts of a client. Only the session and its lifecycle use them.
 *
 * ```
 * mutate ─→ queue ─→ committer ─┐                       ┌─ membership: register, heartbeat
 *                               ├─ writer lock ─→ replica ─→ adapter ─→ the wrapped client
 *           manager ─→ sync loop ┘   (R1)         (version, record, backups)
 *                          └─ reconciler: what a response means ─┘
 * ```
 */
export class SessionParts<M extends MetaClientLike> {
  readonly hub = new EventHub<CfluxEvents>(cfluxEventNames);
  readonly state = new StateMachine(this.hub.emit);
  readonly scope = new OperationScope<M>();
  readonly waiters = new VersionWaiters();
  readonly writer = new Mutex();
  /** Open after the node has joined, or when it closes. */
  readonly joined = new Gate();
  readonly applied = new AppliedVersion();
  readonly network: NodeTransport;
  readonly storage: NodeStorage | undefined;
  readonly adapter: MetaClientAdapter<M>;
  readonly queue: MutationQueue<M>;
  readonly replica: Replica<M>;
  readonly reconciler: Reconciler<M>;
  readonly membership: Membership;
  readonly sync: SyncLoop<M>;
  readonly commits: CommitLoop<M>;

  /** @param signals `closing` aborts the loops and all waiting callers; `wire` aborts the push under way */
  constructor(
    meta: M,
    settings: Settings,
    { closing, wire }: { readonly closing: AbortSignal; readonly wire: AbortSignal },
  ) {
    const { cluster, clock, random, dir, lock } = settings;
    const { hub, state, scope, waiters, writer, joined } = this;
    const { emit } = hub;
    joined.shut();
    this.network = nodeTransport(settings);
    this.storage = settings.storage ?? (dir === undefined ? undefined : new NodeDirectory(dir, { lock }));
    this.adapter = adaptMetaClient(meta);
    this.queue = new MutationQueue(clock, () => this.commits.wake());
    this.replica = new Replica({
      adapter: this.adapter,
      cluster,
      clock,
      instance: randomUuid(random),
      maxBackups: settings.maxBackups,
      emit,
      storage: this.storage,
      onMoved: () => {
        joined.open();
        waiters.reached(this.replica.position.version);
      },
    });
    const { queue, replica, adapter } = this;
    const { transport } = this.network;
    const staleness = new Staleness(clock, () => this.membership.lastHeartbeat);
    const common = { replica, transport, cluster, clock, random, emit, state, staleness };
    this.reconciler = new Reconciler({ ...common, onForeign: (error) => queue.rejectAll(error) });
    this.membership = new Membership({
      ...common,
      interval: settings.heartbeatInterval,
      describe: () => describeHost(settings.bindAddress),
      instance: replica.instance,
      progress: () => this.applied.wordAt(replica.position),
      knownId: () => replica.nodeId,
      rememberId: (id) => replica.rememberNodeId(id),
      onSlept: () => staleness.mark(),
    });
    const { reconciler } = this;
    this.sync = new SyncLoop({
      ...common,
      reconciler,
      writer,
      pollWait: settings.pollWait,
      onFailed: (error) => {
        queue.obstacle = error;
      },
    });
    const committer = new Committer({
      ...common,
      reconciler,
      adapter,
      queue,
      scope,
      postpone: (mutations) => queue.putBack(mutations),
      onPush: () => this.#silencePoll(),
      onUnknownOutcome: () => this.sync.hurry(),
      onFailed: (error) => this.noteFailure(error),
    });
    this.commits = new CommitLoop({ queue, committer, writer, joined, clock, closing, wire });
  }

  /** Enters `offline` if `error` says that the manager cannot be reached; a poll verifies that at once. */
  noteFailure(error: unknown): void {
    if (!isCfluxError(error, 'UNREACHABLE')) return;
    if (this.state.state === 'online' && this.state.enter('offline')) this.sync.hurry();
  }

  /** Ends the node's own poll: a manager that cannot identify the requester would respond with the version that the node is pushing. */
  #silencePoll(): void {
    if (this.replica.position.epoch === undefined) this.sync.hurry();
  }
}
