import { setMaxListeners } from 'node:events';
import createDebug from 'debug';
import type { CertificateInfo } from '../certificates.js';
import { sleep } from '../clock.js';
import { isCfluxError } from '../errors.js';
import type { MetaClientLike } from '../meta/meta-client.js';
import type { Transport } from '../transport/transport.js';
import { Committer } from './committer.js';
import { EventHub } from './event-hub.js';
import { Gate } from './gate.js';
import { type Holder, holderOf } from './holder.js';
import { describeHost } from './host.js';
import { withLinkedSignal } from './linked-signal.js';
import { Membership } from './membership.js';
import { MutationQueue } from './mutation-queue.js';
import { Mutex } from './mutex.js';
import { NodeDirectory, type NodeStorage } from './node-directory.js';
import { nodeTransport } from './node-transport.js';
import { OperationScope } from './operation-scope.js';
import type { Settings } from './options.js';
import { Reconciler } from './reconciler.js';
import { closedError, foreignError, notOpenError } from './refusals.js';
import { Replica } from './replica.js';
import { StateMachine } from './state.js';
import { SyncLoop } from './sync-loop.js';
import { VersionWaiters } from './version-waiters.js';

const debug = createDebug('cflux:client');

/** How long the manager may take to hear that the node leaves, in milliseconds. */
const leaveTimeout = 2_000;

/**
 * The working parts of a client, put together, and their life: opened, run, closed. CfluxClient is what users see of it.
 *
 * ```
 * mutate ─→ queue ─→ committer ─┐                       ┌─ membership: register, heartbeat
 *                               ├─ writer lock ─→ replica ─→ holder ─→ the wrapped client
 *           manager ─→ sync loop ┘   (R1)         (version, record, backups)
 *                          └─ reconciler: what an answer means ─┘
 * ```
 */
export class Session<M extends MetaClientLike> {
  readonly hub = new EventHub();
  readonly state = new StateMachine(this.hub.emit);
  readonly scope = new OperationScope<M>();
  readonly waiters = new VersionWaiters();
  readonly transport: Transport;
  /** Of the connections to the manager. */
  readonly certificates: () => readonly CertificateInfo[];
  readonly holder: Holder<M>;
  readonly replica: Replica<M>;
  readonly reconciler: Reconciler<M>;
  readonly membership: Membership;
  readonly sync: SyncLoop<M>;
  readonly queue: MutationQueue<M>;
  readonly #meta: M;
  readonly #settings: Settings;
  readonly #storage: NodeStorage | undefined;
  readonly #releaseTransport: () => Promise<void>;
  readonly #committer: Committer<M>;
  readonly #writer = new Mutex();
  readonly #joined = new Gate();
  /** Ends the loops and whatever waits. */
  readonly #life = new AbortController();
  /** Ends what is on the wire when closing has waited long enough for it. */
  readonly #wire = new AbortController();
  #loops: Promise<unknown> | undefined;
  #opening: Promise<void> | undefined;
  #committing: Promise<void> | undefined;

  constructor(meta: M, settings: Settings) {
    this.#meta = meta;
    this.#settings = settings;
    // Every call that waits listens: Node would warn of a leak from the eleventh on.
    setMaxListeners(0, this.#life.signal);
    const { cluster, clock, random, dir, lock } = settings;
    this.#storage = settings.storage ?? (dir === undefined ? undefined : new NodeDirectory(dir, { lock }));
    const { emit } = this.hub;
    const { transport, release, certificates } = nodeTransport(settings);
    this.transport = transport;
    this.certificates = certificates;
    this.#releaseTransport = release;
    this.holder = holderOf(meta);
    this.queue = new MutationQueue(clock, () => this.#commitSoon());
    this.#joined.shut();
    this.replica = new Replica({
      holder: this.holder,
      cluster,
      clock,
      maxBackups: settings.maxBackups,
      emit,
      storage: this.#storage,
      onMoved: () => {
        this.#joined.open();
        this.waiters.reached(this.replica.position.version);
      },
    });
    const common = { replica: this.replica, transport, cluster, clock, random, emit, state: this.state };
    this.reconciler = new Reconciler({
      ...common,
      lastBeat: () => this.membership.lastBeat,
      onForeign: (error) => this.queue.rejectAll(error),
    });
    this.membership = new Membership({
      ...common,
      interval: settings.heartbeatInterval,
      describe: () => describeHost(settings.bindAddress),
      knownId: () => this.replica.nodeId,
      rememberId: (id) => this.replica.rememberNodeId(id),
      onSlept: () => this.reconciler.markStale(),
    });
    const worked = { ...common, reconciler: this.reconciler, holder: this.holder };
    this.sync = new SyncLoop({
      ...worked,
      writer: this.#writer,
      pollWait: settings.pollWait,
      onFailed: (error) => {
        this.queue.obstacle = error;
      },
    });
    this.#committer = new Committer({
      ...worked,
      queue: this.queue,
      scope: this.scope,
      onPush: () => this.#silencePoll(),
      onUnknownOutcome: () => this.sync.hurry(),
    });
  }

  /** Aborts when the client closes: whatever waits for something gives up. */
  get closing(): AbortSignal {
    return this.#life.signal;
  }

  /** Rejects what can't be asked of a client that is not open. */
  checkOpen(): void {
    if (this.state.isClosing) throw closedError();
    if (this.state.state === 'created') throw notOpenError();
  }

  /** Runs `task` as the one writer (R1). */
  write<T>(task: () => Promise<T>): Promise<T> {
    return this.#writer.run(task);
  }

  open(signal: AbortSignal | undefined): Promise<void> {
    if (this.state.isClosing) return Promise.reject(closedError());
    if (this.state.state === 'foreign') return Promise.reject(foreignError());
    this.#opening ??= this.#open(signal).catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #open(signal: AbortSignal | undefined): Promise<void> {
    if (this.#loops) return;
    this.state.enter('opening');
    let hasJoined = false;
    try {
      hasJoined = await withLinkedSignal([signal, this.closing], (linked) => this.#join(linked));
    } catch (error) {
      if (this.state.isClosing) throw closedError();
      // It stays a member, with what it has, until the operator has spoken.
      if (isCfluxError(error, 'FOREIGN_EPOCH')) this.#run();
      else {
        await this.#closeParts();
        this.state.enter('created');
      }
      throw error;
    }
    this.state.enter(hasJoined ? 'online' : 'offline');
    this.#run();
  }

  /** Registers, and gets or gives the first metadata. Whether that worked, where it need not. */
  async #join(signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    await this.#storage?.open?.();
    await this.#meta.open?.();
    await this.write(() => this.replica.recall());
    debug('recalled version %d', this.replica.position.version);
    try {
      await this.membership.join(signal);
      await this.write(() => this.reconciler.catchUp({ signal }));
      return true;
    } catch (error) {
      if (signal.aborted || isCfluxError(error, 'FOREIGN_EPOCH') || !this.#settings.startOffline) throw error;
      this.queue.obstacle = error;
      return false;
    }
  }

  #run(): void {
    const signal = this.closing;
    this.#loops = Promise.all([this.membership.run(signal), this.sync.run(signal)]);
    this.#commitSoon();
  }

  /** Ends everything, in the order in which users rely on it (R13). */
  async close(deregister: boolean, timeout: number): Promise<void> {
    const wasOpened = this.#opening !== undefined || this.#loops !== undefined;
    this.state.enter('closing');
    this.queue.rejectAll(closedError());
    this.#life.abort(closedError());
    this.#joined.open();
    const cancel = this.#settings.clock.after(timeout, () => this.#wire.abort(closedError()));
    try {
      await Promise.allSettled([this.#opening, this.#committing]);
      await this.#loops;
      // Whatever held the lock is done with it then.
      await this.write(async () => undefined);
    } finally {
      cancel();
    }
    // Best effort: a manager that cannot be told finds out by itself.
    await this.membership.leave(deregister, { timeout: leaveTimeout }).catch(() => undefined);
    await this.#releaseTransport();
    try {
      if (wasOpened) await this.#closeParts();
    } finally {
      this.state.enter('closed');
      this.hub.emit('closed');
      this.hub.removeAll();
    }
  }

  /** The wrapped client first: the directory is given up when nothing is written any more. */
  async #closeParts(): Promise<void> {
    try {
      await this.#meta.close?.();
    } finally {
      await this.#storage?.close?.();
    }
  }

  /** A manager that does not know who asks would answer the node's own poll with what the node is pushing: ends that poll. */
  #silencePoll(): void {
    if (this.replica.position.epoch === undefined) this.sync.hurry();
  }

  #commitSoon(): void {
    this.#committing ??= this.#commitAll().finally(() => {
      this.#committing = undefined;
      // Somebody may have come between the last look and this moment.
      if (this.queue.size > 0 && !this.state.isClosing) this.#commitSoon();
    });
  }

  async #commitAll(): Promise<void> {
    while (this.queue.size > 0 && !this.state.isClosing) {
      await this.#joined.wait();
      if (this.state.isClosing) return;
      const pause = await this.write(() => this.#committer.commit(this.#wire.signal));
      if (pause > 0) await sleep(this.#settings.clock, pause, this.closing).catch(() => undefined);
    }
  }
}
