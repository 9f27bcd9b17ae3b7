import type { Deadlines } from '../async/deadlines.js';
import type { CfluxError } from '../errors.js';
import type { DropsChange } from '../protocol/drop-orders.js';
import type { NodeProgress } from '../protocol/node-progress.js';
import { noVersion } from '../protocol/version.js';
import type { WaitForNodesRequest, WaitForNodesResult } from '../protocol/waiting-for-nodes.js';
import type { Requester } from './audit.js';
import type { ManagerStore, VersionRecord } from './manager-store.js';
import { NodeWaits, type WaitHolding } from './nodes/node-waits.js';
import { lookAtNodes } from './nodes/nodes-look.js';
import { type SpreadListener, SpreadMeter } from './nodes/spread-meter.js';
import { HeldPolls, type Holding } from './polls/held-polls.js';
import { PollNotifier } from './polls/poll-notifier.js';
import type { ManagerPoll, ManagerPollResult } from './polls/waiting-poll.js';
import { ClusterPushes, type Origin } from './pushes/cluster-pushes.js';
import type { ManagerPush, ManagerPushResult, Reserve } from './pushes/manager-push.js';
import { PushDeadlines } from './pushes/push-deadlines.js';
import { PushQueue } from './pushes/push-queue.js';
import type { OfferRoom } from './recovery/offer-room.js';
import { RecoveryGate } from './recovery/recovery-gate.js';
import { ClusterHead } from './versions/cluster-head.js';
import { HeadRefresh } from './versions/head-refresh.js';
import type { CurrentVersion } from './versions/latest-snapshot.js';
import { RecentChanges } from './versions/recent-changes.js';

export interface ClusterSettings {
  readonly store: ManagerStore;
  readonly deadlines: Deadlines;
  readonly monotonic: () => number;
  /**
   * How long other pushes wait for the next push of a requester that lost a conflict, in milliseconds, unless it is known to be slower.
   */
  readonly conflictHold: number;
  /** How long offers are collected, in milliseconds. */
  readonly collection: number;
  readonly offerRoom: OfferRoom;
  readonly maxHeldPushes: number;
  /** Maximum bytes of a snapshot. */
  readonly snapshotBytes: number;
  /** Milliseconds between two looks at the nodes while a request waits for them. */
  readonly lookInterval: number;
  /** Milliseconds for which nodes may be alive that the manager does not know to be; 0 if it knows all. */
  readonly uncertainFor: () => number;
  /** Called with the milliseconds that a version took to reach all nodes; undefined: nothing is measured. */
  readonly onSpread: () => SpreadListener | undefined;
  /** A version was stored by this manager. */
  readonly onCommit: (
    cluster: string,
    record: VersionRecord,
    requester: Requester,
    drops: DropsChange | undefined,
  ) => void;
  /** An operation failed that no request waits for. */
  readonly onError: (error: unknown) => void;
}

/** One cluster as this manager serves it: combines its pushes, its held polls and its recovery gate. */
export class Cluster {
  readonly name: string;
  readonly #settings: ClusterSettings;
  readonly #queue: PushQueue;
  readonly #pushDeadlines: PushDeadlines;
  readonly #recovery: RecoveryGate;
  readonly #head: ClusterHead;
  readonly #recent = new RecentChanges();
  readonly #notifier: PollNotifier;
  readonly #polls: HeldPolls;
  readonly #refresh: HeadRefresh;
  readonly #pushes: ClusterPushes;
  readonly #waits: NodeWaits;
  readonly #meter: SpreadMeter;

  constructor(name: string, settings: ClusterSettings) {
    const { store, deadlines, monotonic, onError } = settings;
    this.name = name;
    this.#settings = settings;
    this.#queue = new PushQueue(name, settings);
    this.#pushDeadlines = new PushDeadlines(deadlines, monotonic, store.name);
    this.#recovery = new RecoveryGate({
      ...settings,
      cluster: name,
      whileNoPush: (work) => this.#queue.alone(work),
      commit: (commit, requester) => this.#pushes.commit(commit, requester),
    });
    const recovery = this.#recovery;
    const recent = this.#recent;
    const head = new ClusterHead(
      name,
      store,
      (stored) => recovery.epochOf(stored),
      () => this.#waits.changed(),
    );
    this.#head = head;
    this.#notifier = new PollNotifier(deadlines, (current) => this.#polls.publish(current));
    this.#polls = new HeldPolls({ head, recent, recovery, deadlines, notifier: this.#notifier });
    this.#refresh = new HeadRefresh({
      deadlines,
      overlapsCommits: store.pushQueue !== undefined,
      isNeeded: () => this.#polls.size + this.#waits.size > 0,
      refresh: () => this.#publishHead(),
      onError,
    });
    this.#pushes = new ClusterPushes({
      store,
      head,
      recent,
      recovery,
      queue: this.#queue,
      deadlines: this.#pushDeadlines,
      maxHeld: settings.maxHeldPushes,
      snapshotBytes: settings.snapshotBytes,
      around: (commit) => this.#refresh.around(commit),
      onCommit: (current, requester, origin) => this.#committed(current, requester, origin),
      onIdle: () => this.#notifier.flush(),
    });
    const look = () =>
      lookAtNodes(
        () => store.nodes(name),
        () => head.read(),
        settings.uncertainFor,
      );
    this.#waits = new NodeWaits({ look, deadlines, monotonic, interval: settings.lookInterval });
    this.#meter = new SpreadMeter({
      cluster: name,
      // It is the manager's own, and takes no slot.
      waitForNodes: (request) => this.#waits.wait(request, { takeSlot: () => () => {} }),
      monotonic,
      uncertainFor: settings.uncertainFor,
      onSpread: (ms, measured) => settings.onSpread()?.(ms, measured),
    });
  }

  get isIdle(): boolean {
    return this.#polls.size + this.#waits.size === 0 && this.#queue.isIdle && this.#recovery.isIdle;
  }

  /** The epoch of the history when it was last read. */
  get epoch(): string | undefined {
    return this.#head.epoch;
  }

  get cachedBytes(): number {
    return this.#head.cachedBytes + this.#recent.bytes;
  }

  get heldPolls(): number {
    return this.#polls.size;
  }

  get heldPushes(): number {
    return this.#queue.length;
  }

  /** The effective epoch while the cluster has no data; `stored` is the epoch in the store. */
  epochWithoutData(stored: string): string {
    return this.#recovery.epochOf(stored);
  }

  push(
    request: ManagerPush,
    requester: Requester,
    options: { readonly signal?: AbortSignal | undefined; readonly reserve: Reserve },
  ): Promise<ManagerPushResult> {
    return this.#pushes.push(request, requester, options);
  }

  /**
   * @param holding `takeSlot` is called before the poll is held, and its result afterwards. `isNode`: the request may come from a node,
   * which takes part in the push queue and in recovery; a read-only client does not.
   */
  poll(
    request: ManagerPoll,
    requester: Requester,
    holding: Omit<Holding, 'onUnchanged'>,
  ): Promise<ManagerPollResult> {
    const { nodeId, wait, version } = request;
    // A legacy client opens with a push at version 0, ignores the response, and polls on the same connection: it has nothing to push.
    const isOpening = holding.isLegacy === true && version === noVersion;
    if (isOpening && requester.connection?.isShared === false) this.#queue.yield(nodeId, requester);
    const onUnchanged = () => {
      // A requester that has the newest version and asks for changes has nothing to push: a node does not poll while it pushes.
      // (Legacy clients do not identify themselves: another one may be polling.)
      if (holding.isNode && (nodeId !== undefined || wait <= 0)) this.#queue.yield(nodeId, requester);
    };
    return this.#polls.poll(request, { ...holding, onUnchanged });
  }

  /** Waits until every node that counts has a version (R28). @throws `EPOCH_MISMATCH` */
  waitForNodes(request: WaitForNodesRequest, holding: WaitHolding): Promise<WaitForNodesResult> {
    return this.#waits.wait(request, holding);
  }

  /** A node reported its progress to this manager. */
  noteProgress(nodeId: number, progress: NodeProgress, isPoll: boolean): void {
    this.#waits.noteProgress(nodeId, progress, isPoll);
  }

  /** The store notifies of a change. */
  notified(): Promise<void> {
    this.#pushDeadlines.progress();
    return this.changed();
  }

  /** The head may have changed, by any manager: completes the polls that wait for a change. */
  changed(): Promise<void> {
    return this.#refresh.changed();
  }

  close(reason: CfluxError): void {
    this.#recovery.close();
    this.#queue.close(reason);
    this.#notifier.flush();
    this.#polls.close(reason);
    this.#meter.close();
    this.#waits.close(reason);
  }

  #committed(current: CurrentVersion, requester: Requester, { base, delta, drops }: Origin): void {
    this.#recovery.end();
    this.#recent.add(current, base, delta);
    this.#head.stored(current, this.#notifier.isOvertaken(current));
    this.#settings.onCommit(this.name, current.record, requester, drops);
    if (this.#settings.onSpread() !== undefined) this.#meter.committed(current.record.version);
    this.#publish(current);
  }

  async #publishHead(): Promise<void> {
    const head = await this.#head.read();
    if (this.#polls.size === 0) return;
    if (head.latest === undefined) {
      this.#polls.publishEmpty(head.epoch);
      return;
    }
    const current = await this.#head.current(head);
    if (current !== undefined) this.#publish(current);
  }

  #publish(current: CurrentVersion): void {
    this.#notifier.publish(current, this.#pushes.isBusy);
  }
}
