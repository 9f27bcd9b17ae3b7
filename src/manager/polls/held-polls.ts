import type { Deadlines } from '../../async/deadlines.js';
import type { Abortable } from '../../async/on-abort.js';
import { noVersion } from '../../protocol/version.js';
import { isFromOtherHistory } from '../recovery/history-check.js';
import type { RecoveryGate } from '../recovery/recovery-gate.js';
import { inSlices, TimeSlice } from '../time-slice.js';
import type { ClusterHead } from '../versions/cluster-head.js';
import type { CurrentVersion } from '../versions/latest-snapshot.js';
import type { RecentChanges } from '../versions/recent-changes.js';
import type { PollNotifier } from './poll-notifier.js';
import { type ManagerPoll, type ManagerPollResult, published, WaitingPoll } from './waiting-poll.js';

export interface HeldPollsParts {
  readonly head: ClusterHead;
  readonly recent: RecentChanges;
  readonly recovery: RecoveryGate;
  readonly deadlines: Deadlines;
  /** Delays versions briefly while more are about to be stored. */
  readonly notifier: PollNotifier;
}

/** Milliseconds for which the response to a legacy client is delayed. */
const legacyDelay = 50;

/** At version 0 the client has nothing that it could lose. */
const isDelayed = (
  { request }: WaitingPoll,
  { kind }: ManagerPollResult,
  { isLegacy = false }: Holding,
): boolean => isLegacy && kind === 'snapshot' && request.version !== noVersion;

/** How a poll may be held. */
export interface Holding {
  /** Called before the poll is held; its result is called afterwards. */
  readonly takeSlot: () => () => void;
  readonly signal?: Abortable | undefined;
  /** The request may come from a node, which takes part in recovery; a read-only request does not. */
  readonly isNode: boolean;
  /** The request may come from a legacy client, which applies every response, even one that is older than what it has just pushed. */
  readonly isLegacy?: boolean;
  /** Called when the requester has the newest version. */
  readonly onUnchanged: () => void;
}

/** Notifies one poll of the present state of the cluster. */
type Notice = (poll: WaitingPoll) => void;

/**
 * The polls of one cluster: each is compared with the head, and held if the node has the newest version.
 *
 * Thousands of responses take hundreds of milliseconds. They are sent in slices, after the response to the push, so that neither that
 * push nor heartbeats and pushes of other clusters wait for them (R24).
 */
export class HeldPolls {
  readonly #parts: HeldPollsParts;
  readonly #polls = new Set<WaitingPoll>();
  /** The latest notice; undefined when all polls have it. */
  #notice: Notice | undefined;
  /** The notice changed while it was being passed on. */
  #isDue = false;

  constructor(parts: HeldPollsParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#polls.size;
  }

  async poll(request: ManagerPoll, holding: Holding): Promise<ManagerPollResult> {
    const poll = new WaitingPoll(request);
    // Added before it is compared, so that a change in between is noticed (R22).
    this.#polls.add(poll);
    try {
      const result = await this.#compare(poll, holding.isNode);
      if (result !== undefined) return await this.#compared(poll, result, holding);
      holding.onUnchanged();
      if (request.wait <= 0) return { ...poll.unchanged, retryAfter: this.#parts.recovery.remaining };
      const releaseSlot = holding.takeSlot();
      try {
        const changed = await poll.hold(this.#parts.deadlines, request.wait, holding.signal);
        return isDelayed(poll, changed, holding) ? await this.#delayed(poll, changed, holding) : changed;
      } finally {
        releaseSlot();
      }
    } finally {
      this.#polls.delete(poll);
    }
  }

  /** Notifies all polls that `current` is the newest version. */
  publish(current: CurrentVersion): void {
    const version = published(current, this.#parts.recent);
    this.#notify((poll) => poll.publish(version));
  }

  /** Notifies all polls that the cluster has no data (any more). */
  publishEmpty(epoch: string): void {
    this.#notify((poll) => poll.publishEmpty(epoch));
  }

  /** Completes all polls: with the latest notice if they do not have it yet, otherwise with `reason`. */
  close(reason: Error): void {
    for (const poll of this.#polls) {
      this.#notice?.(poll);
      poll.fail(reason);
    }
  }

  #notify(notice: Notice): void {
    const isRunning = this.#notice !== undefined;
    this.#notice = notice;
    this.#isDue = true;
    if (!isRunning) void this.#notifyAll();
  }

  async #notifyAll(): Promise<void> {
    while (this.#isDue) {
      this.#isDue = false;
      await inSlices(this.#polls, (poll) => this.#notice?.(poll));
    }
    this.#notice = undefined;
  }

  /** Delays a response that need not wait for a change; without a slot it is sent at once. */
  async #compared(
    poll: WaitingPoll,
    result: ManagerPollResult,
    holding: Holding,
  ): Promise<ManagerPollResult> {
    if (!isDelayed(poll, result, holding)) return result;
    let releaseSlot: () => void;
    try {
      releaseSlot = holding.takeSlot();
    } catch {
      return result;
    }
    try {
      return await this.#delayed(poll, result, holding);
    } finally {
      releaseSlot();
    }
  }

  /**
   * A legacy client applies each response, even if its own push has been stored meanwhile, and then it is back at an older version. So it
   * gets a version a little later than others, and then the newest one.
   */
  async #delayed(poll: WaitingPoll, result: ManagerPollResult, holding: Holding): Promise<ManagerPollResult> {
    const { head, deadlines } = this.#parts;
    await poll.rest(deadlines, legacyDelay, holding.signal);
    const current = await head.current(await head.read());
    return current === undefined ? result : published(current, this.#parts.recent).resultFor(poll.request);
  }

  /** Returns the response to a poll, if there is one already. */
  async #compare(poll: WaitingPoll, isNode: boolean): Promise<ManagerPollResult | undefined> {
    const { head: clusterHead, recent, recovery, notifier } = this.#parts;
    // Waits at most once: a version that is published later is published for all polls.
    let mayWait = poll.request.wait > 0;
    for (;;) {
      poll.missed = false;
      const head = await clusterHead.read();
      if (head.latest === undefined) {
        const foreign = await recovery.mismatchFor(poll.request, head.epoch, isNode);
        if (foreign !== undefined) return foreign;
        poll.compared({ epoch: head.epoch });
      } else if (poll.differs(head)) {
        if (poll.isOfOtherEpoch(head.epoch) || isFromOtherHistory(poll.request, head))
          return poll.epochMismatch(head);
        const pending = mayWait ? notifier.pending : undefined;
        mayWait = false;
        if (pending !== undefined) {
          await pending;
          // All that waited continue at once.
          await new TimeSlice().rest();
          continue;
        }
        const current = await clusterHead.current(head);
        if (current !== undefined && poll.differs({ epoch: current.epoch, latest: current.record })) {
          return published(current, recent).resultFor(poll.request);
        }
        continue;
      } else poll.compared(head);
      if (!poll.missed) return undefined;
    }
  }
}
