import { CfluxError } from '../errors.js';
import { noVersion } from '../protocol/version.js';
import type { ForeignEpoch, PushRequest, PushResult } from '../transport/transport.js';
import type { Asker } from './audit.js';
import type { ClusterHead } from './cluster-head.js';
import type { CurrentVersion } from './latest-snapshot.js';
import type { LostData } from './lost-data.js';
import type { Commit, CommitResult, ManagerStore } from './manager-store.js';
import { isOfAnotherHistory } from './other-history.js';
import type { PushDeadlines, PushUnderWay } from './push-deadlines.js';
import type { PushLine } from './push-line.js';
import { snapshotOf } from './waiting-poll.js';

export interface ClusterPushesParts {
  readonly store: ManagerStore;
  readonly head: ClusterHead;
  readonly lost: LostData;
  readonly line: PushLine;
  readonly deadlines: PushDeadlines;
  readonly maxHeld: number;
  /** Runs a commit, and refreshes afterwards what may have changed besides. */
  readonly around: (commit: () => Promise<CommitResult>) => Promise<CommitResult>;
  /** A version was stored by this manager. */
  readonly onCommit: (current: CurrentVersion, asker: Asker) => void;
  /** No push waits for its response any more. */
  readonly onIdle: () => void;
}

const unavailable = (message: string) =>
  new CfluxError('UNAVAILABLE', message, { retryable: true, outcome: 'none', retryAfter: 1_000 });

/** The pushes to one cluster: each waits for its turn, is committed, and gets its response. */
export class ClusterPushes {
  readonly #parts: ClusterPushesParts;
  /** Pushes without a response so far. */
  #count = 0;

  constructor(parts: ClusterPushesParts) {
    this.#parts = parts;
  }

  /** More than one push waits for its response: the next version is about to come. */
  get isBusy(): boolean {
    return this.#count > 1;
  }

  async push(request: PushRequest, asker: Asker, signal?: AbortSignal): Promise<PushResult> {
    const { line, deadlines, maxHeld, onIdle } = this.#parts;
    if (line.length >= maxHeld) throw unavailable('too many pushes to this cluster wait for their turn');
    this.#count += 1;
    try {
      const push = (underWay: PushUnderWay) => {
        const respond = (ending?: AbortSignal) => this.#respond(request, asker, underWay, ending);
        return line.push(request, asker, respond, underWay.signal);
      };
      return await deadlines.run(push, signal);
    } finally {
      this.#count -= 1;
      if (this.#count === 0) onIdle();
    }
  }

  /** Stores a version, and publishes it. */
  commit(
    request: Omit<Commit, 'author' | 'remote'>,
    asker: Asker,
    signal?: AbortSignal,
  ): Promise<CommitResult> {
    const { store, deadlines, head, around, onCommit } = this.#parts;
    const commit: Commit = { ...request, author: asker.author, remote: asker.remote };
    return around(async () => {
      const result = await store.commit(commit, signal);
      deadlines.progress();
      head.found(result.epoch);
      if (result.kind === 'committed') {
        const { epoch, record } = result;
        onCommit({ epoch, record, snapshot: commit.snapshot }, asker);
      }
      return result;
    });
  }

  async #respond(
    request: PushRequest,
    asker: Asker,
    underWay: PushUnderWay,
    signal?: AbortSignal,
  ): Promise<PushResult> {
    const { head: clusterHead, lost } = this.#parts;
    if (!clusterHead.hasData) {
      const head = await clusterHead.read();
      if (head.latest === undefined) {
        const refusal = await lost.judgePush(request, asker, head.epoch);
        if (refusal !== undefined) return refusal;
      }
    }
    const { cluster, version: base, snapshot, mutation, epoch, nodeId } = request;
    const { hasData } = clusterHead;
    const above = hasData ? noVersion : base;
    const history = hasData ? { epoch } : lost.firstVersion(epoch);
    const commit = { cluster, base, snapshot, mutation, nodeId, above, ...history };
    underWay.beginsToStore();
    const result = await this.commit(commit, asker, signal);
    switch (result.kind) {
      case 'committed':
        return { kind: 'committed', version: result.record.version, epoch: result.epoch };
      case 'repeated':
        return { kind: 'committed', version: result.version, epoch: result.epoch };
      case 'foreignEpoch':
        return this.#epochMismatch(request, asker);
      case 'conflict':
        return this.#conflict(request, result);
    }
  }

  async #conflict(
    { epoch, version }: PushRequest,
    conflict: CommitResult & { readonly kind: 'conflict' },
  ): Promise<PushResult> {
    const { latest } = conflict;
    if (isOfAnotherHistory({ epoch, version }, conflict)) {
      return { kind: 'foreignEpoch', epoch: conflict.epoch, version: latest.version };
    }
    const current = await this.#parts.head.current({ epoch: conflict.epoch, latest });
    if (current === undefined) throw unavailable('the cluster was deleted in this moment');
    return { kind: 'conflict', ...snapshotOf(current) };
  }

  async #epochMismatch(request: PushRequest, asker: Asker): Promise<ForeignEpoch> {
    const { head, lost } = this.#parts;
    const { epoch, latest } = await head.read();
    // It may have lost its data since the head was read: deleted by another process.
    const refusal = latest === undefined ? await lost.judgePush(request, asker, epoch) : undefined;
    return refusal ?? { kind: 'foreignEpoch', epoch, version: latest?.version ?? noVersion };
  }
}
