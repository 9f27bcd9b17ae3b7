import { CfluxError } from '../../errors.js';
import { noVersion } from '../../protocol/version.js';
import type { EpochMismatch, PushRequest, PushResult } from '../../transport/transport.js';
import type { Requester } from '../audit.js';
import type { Commit, CommitResult, ManagerStore } from '../manager-store.js';
import { snapshotOf } from '../polls/waiting-poll.js';
import { isFromOtherHistory } from '../recovery/history-check.js';
import type { RecoveryGate } from '../recovery/recovery-gate.js';
import type { ClusterHead } from '../versions/cluster-head.js';
import type { CurrentVersion } from '../versions/latest-snapshot.js';
import type { PushDeadlines, PushUnderWay } from './push-deadlines.js';
import type { PushQueue } from './push-queue.js';
import { pusherOf } from './pusher.js';

export interface ClusterPushesParts {
  readonly store: ManagerStore;
  readonly head: ClusterHead;
  readonly recovery: RecoveryGate;
  readonly queue: PushQueue;
  readonly deadlines: PushDeadlines;
  readonly maxHeld: number;
  /** Runs a commit, and afterwards refreshes what else may have changed. */
  readonly around: (commit: () => Promise<CommitResult>) => Promise<CommitResult>;
  /** A version was stored by this manager. */
  readonly onCommit: (current: CurrentVersion, requester: Requester) => void;
  /** Every push has its response. */
  readonly onIdle: () => void;
}

const unavailable = (message: string) =>
  new CfluxError('UNAVAILABLE', message, { retryable: true, outcome: 'notApplied', retryAfter: 1_000 });

/** The pushes to one cluster: each waits in the queue, is committed, and gets its response. */
export class ClusterPushes {
  readonly #parts: ClusterPushesParts;
  /** Number of pushes without a response so far. */
  #count = 0;

  constructor(parts: ClusterPushesParts) {
    this.#parts = parts;
  }

  /** More than one push is in progress: another version is about to be stored. */
  get isBusy(): boolean {
    return this.#count > 1;
  }

  async push(request: PushRequest, requester: Requester, signal?: AbortSignal): Promise<PushResult> {
    const { queue, deadlines, maxHeld, onIdle } = this.#parts;
    if (queue.length >= maxHeld)
      throw unavailable('the cluster is overloaded: too many pushes wait in the queue; retry later');
    this.#count += 1;
    try {
      const push = (underWay: PushUnderWay) => {
        const respond = (ending?: AbortSignal) => this.#respond(request, requester, underWay, ending);
        return queue.push(request, requester, respond, underWay.signal);
      };
      return await deadlines.run(push, signal);
    } finally {
      this.#count -= 1;
      if (this.#count === 0) onIdle();
    }
  }

  /** Stores a version, and publishes it. */
  commit(request: Omit<Commit, 'author'>, requester: Requester, signal?: AbortSignal): Promise<CommitResult> {
    const { store, deadlines, head, around, onCommit } = this.#parts;
    const commit: Commit = { ...request, author: requester.author };
    return around(async () => {
      const result = await store.commit(commit, signal);
      deadlines.progress();
      head.found(result.epoch);
      if (result.kind === 'committed') {
        const { epoch, record } = result;
        onCommit({ epoch, record, snapshot: commit.snapshot }, requester);
      }
      return result;
    });
  }

  async #respond(
    request: PushRequest,
    requester: Requester,
    underWay: PushUnderWay,
    signal?: AbortSignal,
  ): Promise<PushResult> {
    const { head: clusterHead, recovery } = this.#parts;
    if (!clusterHead.hasData) {
      const head = await clusterHead.read();
      if (head.latest === undefined) {
        const refusal = await recovery.checkPush(request, requester, head.epoch);
        if (refusal !== undefined) return refusal;
      }
    }
    const { cluster, version: base, snapshot, mutation, epoch, nodeId } = request;
    const { hasData } = clusterHead;
    const minVersion = hasData ? noVersion : base;
    const history = hasData ? { epoch } : recovery.firstVersion(epoch);
    const pusher = pusherOf(request, requester);
    const commit = { cluster, base, snapshot, mutation, nodeId, pusher, minVersion, ...history };
    underWay.beginsToStore();
    const result = await this.commit(commit, requester, signal);
    switch (result.kind) {
      case 'committed':
        return { kind: 'committed', version: result.record.version, epoch: result.epoch };
      case 'repeated':
        return { kind: 'committed', version: result.version, epoch: result.epoch };
      case 'epochMismatch':
        return this.#epochMismatch(request, requester);
      case 'conflict':
        return this.#conflict(request, result);
    }
  }

  async #conflict(
    { epoch, version }: PushRequest,
    conflict: CommitResult & { readonly kind: 'conflict' },
  ): Promise<PushResult> {
    const { latest } = conflict;
    if (isFromOtherHistory({ epoch, version }, conflict)) {
      return { kind: 'epochMismatch', epoch: conflict.epoch, version: latest.version };
    }
    const current = await this.#parts.head.current({ epoch: conflict.epoch, latest });
    if (current === undefined)
      throw unavailable('the cluster was deleted during the push: nothing was stored; retry');
    return { kind: 'conflict', ...snapshotOf(current) };
  }

  async #epochMismatch(request: PushRequest, requester: Requester): Promise<EpochMismatch> {
    const { head, recovery } = this.#parts;
    const { epoch, latest } = await head.read();
    // The cluster may have lost its data since the head was read: deleted by another process.
    const refusal = latest === undefined ? await recovery.checkPush(request, requester, epoch) : undefined;
    return refusal ?? { kind: 'epochMismatch', epoch, version: latest?.version ?? noVersion };
  }
}
