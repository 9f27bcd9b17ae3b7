import type { Deadlines } from '../async/deadlines.js';
import type { CfluxError } from '../errors.js';
import type { PollRequest, PollResult, PushRequest, PushResult } from '../transport/transport.js';
import type { Asker } from './audit.js';
import { ClusterHead } from './cluster-head.js';
import { ClusterPushes } from './cluster-pushes.js';
import { HeadRefresh } from './head-refresh.js';
import { HeldPolls, type Holding } from './held-polls.js';
import type { CurrentVersion } from './latest-snapshot.js';
import { LostData } from './lost-data.js';
import type { ManagerStore, VersionRecord } from './manager-store.js';
import type { OfferRoom } from './offer-room.js';
import { Publication } from './publication.js';
import { PushDeadlines } from './push-deadlines.js';
import { PushLine } from './push-line.js';

export interface ClusterSettings {
  readonly store: ManagerStore;
  readonly deadlines: Deadlines;
  readonly monotonic: () => number;
  /** How long others wait for the next push of a requester that lost, in milliseconds, where it is not known to be slower. */
  readonly turn: number;
  /** How long offers are collected, in milliseconds. */
  readonly collection: number;
  readonly offerRoom: OfferRoom;
  readonly mostHeldPushes: number;
  /** A version was stored by this manager. */
  readonly onCommit: (cluster: string, record: VersionRecord, asker: Asker) => void;
  /** Something failed that nobody waits for. */
  readonly onError: (error: unknown) => void;
}

/** One cluster as this manager serves it: its pushes, its held polls, and the recovery of lost data, put together. */
export class Cluster {
  readonly name: string;
  readonly #settings: ClusterSettings;
  readonly #line: PushLine;
  readonly #pushDeadlines: PushDeadlines;
  readonly #lost: LostData;
  readonly #head: ClusterHead;
  readonly #publication: Publication;
  readonly #polls: HeldPolls;
  readonly #refresh: HeadRefresh;
  readonly #pushes: ClusterPushes;

  constructor(name: string, settings: ClusterSettings) {
    const { store, deadlines, monotonic, onError } = settings;
    this.name = name;
    this.#settings = settings;
    this.#line = new PushLine(name, settings);
    this.#pushDeadlines = new PushDeadlines(deadlines, monotonic, store.name);
    this.#lost = new LostData({
      ...settings,
      cluster: name,
      inTurn: (work) => this.#line.alone(work),
      commit: (commit, asker) => this.#pushes.commit(commit, asker),
    });
    const lost = this.#lost;
    const head = new ClusterHead(name, store, (stored) => lost.epochOf(stored));
    this.#head = head;
    this.#publication = new Publication(deadlines, (current) => this.#polls.publish(current));
    this.#polls = new HeldPolls({ head, lost, deadlines, publication: this.#publication });
    this.#refresh = new HeadRefresh({
      deadlines,
      overlapsCommits: store.sharedTurns !== undefined,
      isNeeded: () => this.#polls.size > 0,
      refresh: () => this.#publishHead(),
      onError,
    });
    this.#pushes = new ClusterPushes({
      store,
      head,
      lost,
      line: this.#line,
      deadlines: this.#pushDeadlines,
      maxHeld: settings.mostHeldPushes,
      around: (commit) => this.#refresh.around(commit),
      onCommit: (current, asker) => this.#committed(current, asker),
      onIdle: () => this.#publication.flush(),
    });
  }

  get isIdle(): boolean {
    return this.#polls.size === 0 && this.#line.isIdle && this.#lost.isIdle;
  }

  /** The epoch of the history, as it was last read. */
  get epoch(): string | undefined {
    return this.#head.epoch;
  }

  get cachedBytes(): number {
    return this.#head.cachedBytes;
  }

  get heldPolls(): number {
    return this.#polls.size;
  }

  get heldPushes(): number {
    return this.#line.length;
  }

  /** The epoch that counts while the cluster has no data and the store has `stored` for it. */
  epochWithoutData(stored: string): string {
    return this.#lost.epochOf(stored);
  }

  push(request: PushRequest, asker: Asker, signal?: AbortSignal): Promise<PushResult> {
    return this.#pushes.push(request, asker, signal);
  }

  /**
   * @param holding `takeSlot` is called before the poll is held, and its result afterwards. `isNode`: the request may be a node's, which
   * takes part in turns and in the recovery of lost data; a reader changes nothing.
   */
  poll(request: PollRequest, asker: Asker, holding: Omit<Holding, 'onUnchanged'>): Promise<PollResult> {
    const { nodeId, wait } = request;
    const onUnchanged = () => {
      // A requester that has the newest version and asks for more has nothing to push: a node does not poll while it pushes.
      // (Legacy clients do not say who they are: another one may be asking.)
      if (holding.isNode && (nodeId !== undefined || wait <= 0)) this.#line.yield(nodeId, asker);
    };
    return this.#polls.poll(request, { ...holding, onUnchanged });
  }

  /** The store notifies of a change. */
  notified(): Promise<void> {
    this.#pushDeadlines.progress();
    return this.changed();
  }

  /** The head may have changed, whoever changed it: answers the polls that wait for that. */
  changed(): Promise<void> {
    return this.#refresh.changed();
  }

  close(reason: CfluxError): void {
    this.#lost.close();
    this.#line.close(reason);
    this.#publication.flush();
    this.#polls.close(reason);
  }

  #committed(current: CurrentVersion, asker: Asker): void {
    this.#lost.end();
    this.#head.stored(current, this.#publication.isOvertaken(current));
    this.#settings.onCommit(this.name, current.record, asker);
    this.#publish(current);
  }

  async #publishHead(): Promise<void> {
    const head = await this.#head.read();
    if (head.latest === undefined) {
      this.#polls.publishEmpty(head.epoch);
      return;
    }
    const current = await this.#head.current(head);
    if (current !== undefined) this.#publish(current);
  }

  #publish(current: CurrentVersion): void {
    this.#publication.publish(current, this.#pushes.isBusy);
  }
}
