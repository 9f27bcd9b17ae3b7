import type { Deadlines } from '../../async/deadlines.js';
import { type Abortable, onAbort } from '../../async/on-abort.js';
import type { EpochMismatch, PollRequest, PollResult } from '../../transport/transport.js';
import type { Head, VersionRecord } from '../manager-store.js';
import { type CurrentVersion, snapshotOf } from '../versions/latest-snapshot.js';
import type { OfferedDelta, RecentChanges } from '../versions/recent-changes.js';

/** A version as it is published to polls: created once for all of them. */
export interface PublishedVersion {
  readonly head: Head;
  readonly record: VersionRecord;
  readonly resultFor: (request: ManagerPoll) => ManagerPollResult;
}

/** A poll as a manager accepts it. */
export interface ManagerPoll extends PollRequest {
  /** As `acceptsDelta`, for a request that states the epoch of its version only for this purpose. */
  readonly baseEpoch?: string | undefined;
}

/** The result of a poll. A delta comes with the snapshot that it produces. */
export type ManagerPollResult =
  | Exclude<PollResult, { readonly kind: 'delta' }>
  | (OfferedDelta & { readonly kind: 'delta' });

export function published(current: CurrentVersion, recent: RecentChanges): PublishedVersion {
  const { epoch, record } = current;
  let whole: ManagerPollResult | undefined;
  // Not joined before a poll needs it.
  const wholeOnce = () => {
    whole ??= { kind: 'snapshot', ...snapshotOf(current) };
    return whole;
  };
  // One result for all polls at the same version, which follow each other.
  let last: { readonly offered: OfferedDelta; readonly result: ManagerPollResult } | undefined;
  return {
    head: { epoch, latest: record },
    record,
    resultFor(request) {
      const {
        version,
        mutation,
        acceptsDelta,
        baseEpoch = acceptsDelta ? request.epoch : undefined,
      } = request;
      const offered = baseEpoch && recent.deltaTo(current, { epoch: baseEpoch, version, mutation });
      if (!offered) return wholeOnce();
      if (last?.offered !== offered) last = { offered, result: { kind: 'delta', ...offered } };
      return last.result;
    },
  };
}

/** One poll: first compared with the head, then held until a change. */
export class WaitingPoll {
  readonly request: ManagerPoll;
  /** Something was published while this poll was being compared: compare again. */
  missed = false;
  #head: Head | undefined;
  #resolve: ((result: ManagerPollResult) => void) | undefined;
  #reject: ((reason: unknown) => void) | undefined;
  #failure: { readonly reason: unknown } | undefined;

  constructor(request: ManagerPoll) {
    this.request = request;
  }

  /** Whether `head` differs from the node's version. The mutation distinguishes a restored backup from the same history. */
  differs({ epoch, latest }: Head): boolean {
    if (this.isOfOtherEpoch(epoch)) return true;
    if (latest === undefined) return false;
    const { version, mutation } = this.request;
    return latest.version !== version || (mutation !== undefined && latest.mutation !== mutation);
  }

  isOfOtherEpoch(epoch: string): boolean {
    return this.request.epoch !== undefined && this.request.epoch !== epoch;
  }

  epochMismatch({ epoch, latest }: Head): EpochMismatch {
    return { kind: 'epochMismatch', epoch, version: latest?.version ?? 0 };
  }

  /** Records that the node has the version in `head`. */
  compared(head: Head): void {
    this.#head = head;
  }

  get unchanged(): ManagerPollResult & { readonly kind: 'unchanged' } {
    const { epoch, latest } = this.#head ?? {};
    return { kind: 'unchanged', epoch, version: latest?.version, mutation: latest?.mutation };
  }

  /** Resolves at the first change that concerns the node, or as unchanged after `wait` milliseconds. */
  hold(deadlines: Deadlines, wait: number, signal?: Abortable): Promise<ManagerPollResult> {
    return this.#waiting<ManagerPollResult>(signal, (resolve) => {
      this.#resolve = resolve;
      return deadlines.add(wait, () => resolve(this.unchanged));
    });
  }

  /** Resolves after `ms` milliseconds. */
  rest(deadlines: Deadlines, ms: number, signal?: Abortable): Promise<void> {
    return this.#waiting<void>(signal, (resolve) => deadlines.add(ms, resolve));
  }

  /** A version was stored. The node that stored it already has it: it is notified without a snapshot. */
  publish({ head, record, resultFor }: PublishedVersion): void {
    if (this.#resolve === undefined) {
      this.missed = true;
      return;
    }
    if (!this.differs(head)) return;
    const { nodeId, mutation, version } = record;
    if (this.isOfOtherEpoch(head.epoch)) this.#resolve(this.epochMismatch(head));
    else if (nodeId !== undefined && nodeId === this.request.nodeId) {
      this.#resolve({ kind: 'unchanged', version, epoch: head.epoch, mutation });
    } else this.#resolve(resultFor(this.request));
  }

  /** The cluster has no data (any more). */
  publishEmpty(epoch: string): void {
    if (this.#resolve === undefined) this.missed = true;
    else if (this.isOfOtherEpoch(epoch)) this.#resolve(this.epochMismatch({ epoch }));
  }

  fail(reason: unknown): void {
    this.#failure = { reason };
    this.#reject?.(reason);
  }

  /** Rejects when the poll fails, or with the signal's reason. `start` returns a function that cancels what it started. */
  #waiting<T>(
    signal: Abortable | undefined,
    start: (resolve: (result: T) => void) => () => void,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#failure !== undefined) throw this.#failure.reason;
      if (signal?.aborted) throw signal.reason;
      const end = () => {
        cancel();
        unsubscribe();
      };
      this.#reject = (reason) => {
        end();
        reject(reason);
      };
      const unsubscribe = onAbort(signal, (reason) => this.fail(reason));
      const cancel = start((result) => {
        end();
        resolve(result);
      });
    });
  }
}
