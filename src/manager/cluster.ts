import { CfluxError } from '../errors.js';
import { noVersion } from '../protocol/version.js';
import type {
  ForeignEpoch,
  PollRequest,
  PollResult,
  PushRequest,
  PushResult,
} from '../transport/transport.js';
import type { Asker } from './audit.js';
import type { Deadlines } from './deadlines.js';
import { type CurrentVersion, LatestSnapshot } from './latest-snapshot.js';
import { LostData } from './lost-data.js';
import type { Commit, CommitResult, Head, ManagerStore, VersionRecord } from './manager-store.js';
import type { OfferRoom } from './offer-room.js';
import { isOfAnotherHistory } from './other-history.js';
import { Publication } from './publication.js';
import { PushDeadlines, type PushUnderWay } from './push-deadlines.js';
import { PushLine } from './push-line.js';
import { published, snapshotOf, WaitingPoll } from './waiting-poll.js';

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

// A store that answers with versions that are gone at once is broken; nobody shall spin on it.
const mostReads = 10;
const lookRetry = 1_000;

const unavailable = (message: string, retryAfter: number, outcome: 'none' | 'unknown' = 'none') =>
  new CfluxError('UNAVAILABLE', message, { retryable: true, outcome, retryAfter });

/** One cluster as this manager serves it: pushes in turn, polls that wait, and the recovery of lost data. */
export class Cluster {
  readonly name: string;
  readonly #settings: ClusterSettings;
  readonly #store: ManagerStore;
  readonly #line: PushLine;
  readonly #pushDeadlines: PushDeadlines;
  readonly #latest: LatestSnapshot;
  readonly #polls = new Set<WaitingPoll>();
  readonly #lost: LostData;
  /** It had data when we looked last; where it was deleted since, its epoch is another one. */
  #hasData = false;
  #epoch: string | undefined;
  #committing = false;
  readonly #publication: Publication;
  /** Pushes that are not answered yet. */
  #pushing = 0;
  #looking: Promise<void> | undefined;
  #lookAgain = false;

  constructor(name: string, settings: ClusterSettings) {
    this.name = name;
    this.#settings = settings;
    this.#store = settings.store;
    this.#line = new PushLine(name, settings);
    this.#pushDeadlines = new PushDeadlines(settings.deadlines, settings.monotonic, settings.store.name);
    this.#latest = new LatestSnapshot(settings.store, name);
    this.#publication = new Publication(settings.deadlines, (current) => this.#tell(current));
    this.#lost = new LostData({
      ...settings,
      cluster: name,
      inTurn: (work) => this.#line.alone(work),
      commit: (commit, asker) => this.#commit(commit, asker),
    });
  }

  get isIdle(): boolean {
    return this.#polls.size === 0 && this.#line.isIdle && this.#lost.isIdle;
  }

  /** Of the history, as it was last read. */
  get epoch(): string | undefined {
    return this.#epoch;
  }

  get cachedBytes(): number {
    return this.#latest.bytes;
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

  async push(request: PushRequest, asker: Asker, signal?: AbortSignal): Promise<PushResult> {
    if (this.heldPushes >= this.#settings.mostHeldPushes) {
      throw unavailable('too many pushes to this cluster wait for their turn', 1_000);
    }
    this.#pushing += 1;
    try {
      const push = (underWay: PushUnderWay) => {
        const judge = (ending?: AbortSignal) => this.#judge(request, asker, underWay, ending);
        return this.#line.push(request, asker, judge, underWay.signal);
      };
      return await this.#pushDeadlines.run(push, signal);
    } finally {
      this.#pushing -= 1;
      if (this.#pushing === 0) this.#publication.flush();
    }
  }

  /**
   * @param holding `takeSlot` is called before the poll is held, and its result afterwards. `isNode`: the request may be a node's, which
   * takes part in turns and in the recovery of lost data; a reader changes nothing.
   */
  async poll(
    request: PollRequest,
    asker: Asker,
    holding: {
      readonly takeSlot: () => () => void;
      readonly signal?: AbortSignal | undefined;
      readonly isNode: boolean;
    },
  ): Promise<PollResult> {
    const poll = new WaitingPoll(request);
    // Added before the compare: a change that falls between the two is noticed (R22).
    this.#polls.add(poll);
    try {
      const answer = await this.#compare(poll, holding.isNode);
      if (answer !== undefined) return answer;
      // Who has the newest and asks for more has nothing to push: a node does not poll while it does. (Of the clients of 2016, which
      // do not say who they are, another one may be asking.)
      if (holding.isNode && (request.nodeId !== undefined || request.wait <= 0)) {
        this.#line.yield(request.nodeId, asker);
      }
      if (request.wait <= 0) return { ...poll.unchanged, retryAfter: this.#lost.remaining };
      const releaseSlot = holding.takeSlot();
      try {
        return await poll.hold(this.#settings.deadlines, request.wait, holding.signal);
      } finally {
        releaseSlot();
      }
    } finally {
      this.#polls.delete(poll);
    }
  }

  /** The store notifies of a change. */
  notified(): Promise<void> {
    this.#pushDeadlines.progress();
    return this.changed();
  }

  /** The head may have changed, by whoever it was: looks, and answers the polls that wait for that. */
  async changed(): Promise<void> {
    if (this.#committing) {
      this.#lookAgain = true;
      return;
    }
    if (this.#looking !== undefined) {
      this.#lookAgain = true;
      return this.#looking;
    }
    this.#looking = this.#look();
    try {
      await this.#looking;
    } catch (error) {
      // Nobody tells of this change again, and the polls that wait for it may have five minutes left.
      if (this.#polls.size > 0) this.#settings.deadlines.add(lookRetry, () => this.#lookSoon());
      throw error;
    } finally {
      this.#looking = undefined;
    }
  }

  close(reason: CfluxError): void {
    this.#lost.close();
    this.#line.close(reason);
    this.#publication.flush();
    for (const poll of this.#polls) poll.fail(reason);
  }

  async #judge(
    request: PushRequest,
    asker: Asker,
    underWay: PushUnderWay,
    signal?: AbortSignal,
  ): Promise<PushResult> {
    if (!this.#hasData) {
      const head = await this.#head();
      if (head.latest === undefined) {
        const refusal = await this.#lost.judgePush(request, asker, head.epoch);
        if (refusal !== undefined) return refusal;
      }
    }
    const { cluster, version: base, snapshot, mutation, epoch, nodeId } = request;
    const above = this.#hasData ? noVersion : base;
    const history = this.#hasData ? { epoch } : this.#lost.firstVersion(epoch);
    const commit = { cluster, base, snapshot, mutation, nodeId, above, ...history };
    underWay.beginsToStore();
    const result = await this.#commit(commit, asker, signal);
    switch (result.kind) {
      case 'committed':
        return { kind: 'committed', version: result.record.version, epoch: result.epoch };
      case 'repeated':
        return { kind: 'committed', version: result.version, epoch: result.epoch };
      case 'foreignEpoch':
        return this.#foreignEpoch(request, asker);
      case 'conflict': {
        const { latest } = result;
        if (isOfAnotherHistory({ epoch, version: base }, result)) {
          return { kind: 'foreignEpoch', epoch: result.epoch, version: latest.version };
        }
        const current = await this.#current({ epoch: result.epoch, latest });
        if (current === undefined) throw unavailable('the cluster was deleted in this moment', 1_000);
        return { kind: 'conflict', ...snapshotOf(current) };
      }
    }
  }

  /** Stores, and publishes what was stored. */
  async #commit(
    request: Omit<Commit, 'author' | 'remote'>,
    asker: Asker,
    signal?: AbortSignal,
  ): Promise<CommitResult> {
    const commit: Commit = { ...request, author: asker.author, remote: asker.remote };
    this.#committing = this.#store.sharedTurns === undefined;
    try {
      const result = await this.#store.commit(commit, signal);
      this.#pushDeadlines.progress();
      this.#epoch = result.epoch;
      if (result.kind === 'committed') {
        const { epoch, record } = result;
        const current: CurrentVersion = { epoch, record, snapshot: commit.snapshot };
        this.#hasData = true;
        this.#lost.end();
        if (!this.#publication.isOvertaken(current)) this.#latest.set(current);
        this.#settings.onCommit(this.name, record, asker);
        this.#publish(current);
      } else this.#lookAgain = true;
      return result;
    } catch (error) {
      // What is stored now is not known.
      this.#lookAgain = true;
      throw error;
    } finally {
      this.#committing = false;
      if (this.#lookAgain) this.#lookSoon();
    }
  }

  async #foreignEpoch(request: PushRequest, asker: Asker): Promise<ForeignEpoch> {
    const { epoch, latest } = await this.#head();
    // It may have lost its data since we looked: deleted by another process.
    const refusal = latest === undefined ? await this.#lost.judgePush(request, asker, epoch) : undefined;
    return refusal ?? { kind: 'foreignEpoch', epoch, version: latest?.version ?? noVersion };
  }

  async #head(): Promise<Head> {
    const head = await this.#store.head(this.name);
    this.#hasData = head.latest !== undefined;
    const known = this.#hasData ? head : { ...head, epoch: this.#lost.epochOf(head.epoch) };
    this.#epoch = known.epoch;
    return known;
  }

  /** The newest version with its bytes; absent: the cluster has no data. */
  async #current(known: Head): Promise<CurrentVersion | undefined> {
    let { epoch, latest } = known;
    for (let reads = 0; reads < mostReads; reads++) {
      if (latest === undefined) return undefined;
      const current = await this.#latest.of({ epoch, latest });
      if (current !== undefined) return current;
      ({ epoch, latest } = await this.#head());
    }
    throw unavailable('the store does not have the version that it says is the newest', 1_000);
  }

  /** The answer to a poll, if there is one already. */
  async #compare(poll: WaitingPoll, isNode: boolean): Promise<PollResult | undefined> {
    // Once: what comes after that comes for everybody.
    let mayWait = poll.request.wait > 0;
    for (;;) {
      poll.missed = false;
      const head = await this.#head();
      if (head.latest === undefined) {
        const foreign = await this.#lost.judge(poll.request, head.epoch, isNode);
        if (foreign !== undefined) return foreign;
        poll.compared({ epoch: head.epoch });
      } else if (poll.differs(head)) {
        if (poll.isForeign(head.epoch) || isOfAnotherHistory(poll.request, head)) return poll.foreign(head);
        const pending = mayWait ? this.#publication.pending : undefined;
        mayWait = false;
        if (pending !== undefined) {
          await pending;
          continue;
        }
        const current = await this.#current(head);
        if (current !== undefined && poll.differs({ epoch: current.epoch, latest: current.record })) {
          return published(current).answer;
        }
        continue;
      } else poll.compared(head);
      if (!poll.missed) return undefined;
    }
  }

  /** Reads the head until no change was told meanwhile, and answers the polls that it concerns. */
  async #look(): Promise<void> {
    do {
      this.#lookAgain = false;
      if (this.#polls.size === 0) return;
      const head = await this.#head();
      if (head.latest === undefined) {
        for (const poll of this.#polls) poll.publishEmpty(head.epoch);
        continue;
      }
      const current = await this.#current(head);
      if (current !== undefined) this.#publish(current);
    } while (this.#lookAgain);
  }

  #lookSoon(): void {
    this.changed().catch(this.#settings.onError);
  }

  #publish(current: CurrentVersion): void {
    this.#publication.publish(current, this.#pushing > 1);
  }

  #tell(current: CurrentVersion): void {
    const version = published(current);
    for (const poll of this.#polls) poll.publish(version);
  }
}
