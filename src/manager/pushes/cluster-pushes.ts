import type { Delta } from '../../delta/delta.js';
import { CfluxError } from '../../errors.js';
import type { DropsChange } from '../../protocol/drop-orders.js';
import { noVersion } from '../../protocol/version.js';
import type { EpochMismatch, PushedDelta } from '../../transport/transport.js';
import type { Requester } from '../audit.js';
import type { CommitResult, Head, ManagerStore, VersionRecord } from '../manager-store.js';
import { isFromOtherHistory } from '../recovery/history-check.js';
import type { RecoveryGate } from '../recovery/recovery-gate.js';
import { checkedSnapshot } from '../refusals.js';
import type { ClusterHead } from '../versions/cluster-head.js';
import { type CurrentVersion, snapshotOf } from '../versions/latest-snapshot.js';
import { commitOf, type NewVersion } from '../versions/new-version.js';
import type { RecentChanges } from '../versions/recent-changes.js';
import { SharedBytes } from '../versions/shared-bytes.js';
import type { ManagerPush, ManagerPushResult, Reserve } from './manager-push.js';
import type { PushDeadlines, PushUnderWay } from './push-deadlines.js';
import type { PushQueue } from './push-queue.js';
import { applyPushedDelta, isDeltaRefusal, unknownBase } from './pushed-delta.js';
import { pusherOf } from './pusher.js';

export interface ClusterPushesParts {
  readonly store: ManagerStore;
  readonly head: ClusterHead;
  readonly recent: RecentChanges;
  readonly recovery: RecoveryGate;
  readonly queue: PushQueue;
  readonly deadlines: PushDeadlines;
  readonly maxHeld: number;
  /** Maximum bytes of a snapshot. */
  readonly snapshotBytes: number;
  /** Runs a commit, and afterwards refreshes what else may have changed. */
  readonly around: (commit: () => Promise<CommitResult>) => Promise<CommitResult>;
  /** A version was stored by this manager. */
  readonly onCommit: (current: CurrentVersion, requester: Requester, origin: Origin) => void;
  /** Every push has its response. */
  readonly onIdle: () => void;
}

const storedDrops = ({ hasDrops }: { readonly hasDrops?: boolean }) => (hasDrops ? { hasDrops } : {});

/** What a version was made from. */
export interface Origin {
  readonly base: number;
  readonly delta?: Delta | undefined;
  /** Drop orders that were stored with it. */
  readonly drops?: DropsChange | undefined;
}

/** One request of a push, on its way through the queue. */
interface Pushing {
  readonly request: ManagerPush;
  readonly requester: Requester;
  readonly reserve: Reserve;
  readonly underWay: PushUnderWay;
  readonly signal?: AbortSignal | undefined;
}

/** The bytes to commit, and how they differ from those of the base, if that is known. */
interface Content {
  readonly snapshot: SharedBytes;
  readonly delta?: Delta;
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

  async push(
    request: ManagerPush,
    requester: Requester,
    { signal, reserve }: { readonly signal?: AbortSignal | undefined; readonly reserve: Reserve },
  ): Promise<ManagerPushResult> {
    const { queue, deadlines, maxHeld, onIdle } = this.#parts;
    if (queue.length >= maxHeld)
      throw unavailable('the cluster is overloaded: too many pushes wait in the queue; retry later');
    this.#count += 1;
    try {
      const push = (underWay: PushUnderWay) => {
        const respond = (ending?: AbortSignal) =>
          this.#respond({ request, requester, reserve, underWay, signal: ending });
        return queue.push(request, requester, respond, underWay.signal);
      };
      return await deadlines.run(push, signal);
    } finally {
      this.#count -= 1;
      if (this.#count === 0) onIdle();
    }
  }

  /** Stores a version, and publishes it. */
  commit(
    version: NewVersion,
    requester: Requester,
    { signal, delta }: { readonly signal?: AbortSignal | undefined; readonly delta?: Delta | undefined } = {},
  ): Promise<CommitResult> {
    const { store, deadlines, head, around, onCommit } = this.#parts;
    const commit = commitOf(version, requester.author);
    return around(async () => {
      const result = await store.commit(commit, signal);
      deadlines.progress();
      head.found(result.epoch);
      if (result.kind === 'committed') {
        const { epoch, record } = result;
        const drops = result.hasDrops ? commit.drops : undefined;
        onCommit({ epoch, record, snapshot: version.snapshot }, requester, {
          base: commit.base,
          delta,
          drops,
        });
      }
      return result;
    });
  }

  async #respond(pushing: Pushing): Promise<ManagerPushResult> {
    const { request, requester, underWay, signal } = pushing;
    const { head: clusterHead, recovery } = this.#parts;
    if (!clusterHead.hasData) {
      const head = await clusterHead.read();
      if (head.latest === undefined) {
        const refusal = await recovery.checkPush(request, requester, head.epoch);
        if (refusal !== undefined) return refusal;
      }
    }
    const content = await this.#contentOf(pushing);
    if ('kind' in content) return content;
    const { snapshot, delta } = content;
    const { cluster, version: base, mutation, epoch, nodeId, drops } = request;
    const { hasData } = clusterHead;
    const minVersion = hasData ? noVersion : base;
    const history = hasData ? { epoch } : recovery.firstVersion(epoch);
    const pusher = pusherOf(request, requester);
    const commit = { cluster, base, snapshot, mutation, nodeId, pusher, drops, minVersion, ...history };
    underWay.beginsToStore();
    const result = await this.commit(commit, requester, { signal, delta });
    switch (result.kind) {
      case 'committed':
        return {
          kind: 'committed',
          version: result.record.version,
          epoch: result.epoch,
          ...storedDrops(result),
        };
      case 'repeated':
        return { kind: 'committed', version: result.version, epoch: result.epoch, ...storedDrops(result) };
      case 'epochMismatch':
        return this.#epochMismatch(request, requester);
      case 'conflict':
        return this.#conflict(request, result);
    }
  }

  /** Returns what to commit, or the result of a push that needs no commit. */
  async #contentOf(pushing: Pushing): Promise<Content | ManagerPushResult> {
    const { request } = pushing;
    try {
      if (request.delta !== undefined) return await this.#patched(pushing, request.delta);
    } catch (error) {
      // A delta is optional (R29): the same push, as a whole.
      if (!isDeltaRefusal(error) || request.snapshot === undefined) throw error;
    }
    return { snapshot: SharedBytes.of(checkedSnapshot(request.snapshot, this.#parts.snapshotBytes)) };
  }

  /** Applies the pushed delta to the bytes of its base. */
  async #patched(pushing: Pushing, pushed: PushedDelta): Promise<Content | ManagerPushResult> {
    const { request, requester, reserve } = pushing;
    const { head: clusterHead, recent, queue, deadlines, snapshotBytes } = this.#parts;
    const { version, epoch, mutation } = request;
    const head = await clusterHead.read();
    const { latest } = head;
    if (epoch !== undefined && epoch !== head.epoch) return this.#epochMismatch(request, requester);
    if (latest === undefined) throw unknownBase(version);
    if (version !== latest.version && !queue.isShared) {
      // The usual conflict needs neither the bytes nor the store; a shared queue must know of it.
      const stored = recent.versionBy(mutation, request, head);
      if (stored !== undefined) deadlines.progress();
      if (stored === 'none') return this.#conflict(request, { ...head, latest });
      if (stored !== undefined) return { kind: 'committed', version: stored, epoch: head.epoch };
    }
    const current = version === latest.version ? await clusterHead.current(head) : undefined;
    const base =
      current?.record.version === version ? current.snapshot : await this.#olderBytes(pushing, head);
    if (base === undefined) throw unknownBase(version);
    return applyPushedDelta(pushed, base, { snapshotBytes, reserve });
  }

  /** Reads the bytes of a version that is not the newest, if it is retained. */
  async #olderBytes({ request, reserve }: Pushing, { retained }: Head): Promise<SharedBytes | undefined> {
    const { store, snapshotBytes } = this.#parts;
    const record = retained?.find(({ version }) => version === request.version);
    if (retained !== undefined && record === undefined) return undefined;
    reserve(record?.size ?? snapshotBytes);
    const bytes = await store.read(request.cluster, request.version);
    return bytes && SharedBytes.of(bytes);
  }

  async #conflict(
    request: ManagerPush,
    conflict: Head & { readonly latest: VersionRecord },
  ): Promise<ManagerPushResult> {
    const { epoch, version } = request;
    const { latest } = conflict;
    if (isFromOtherHistory({ epoch, version }, conflict)) {
      return { kind: 'epochMismatch', epoch: conflict.epoch, version: latest.version };
    }
    const current = await this.#parts.head.current({ epoch: conflict.epoch, latest });
    if (current === undefined)
      throw unavailable('the cluster was deleted during the push: nothing was stored; retry');
    const offered =
      request.acceptsDelta === true
        ? this.#parts.recent.deltaToLoser(current, { epoch, version })
        : undefined;
    return { kind: 'conflict', ...(offered ?? snapshotOf(current)) };
  }

  async #epochMismatch(request: ManagerPush, requester: Requester): Promise<EpochMismatch> {
    const { head, recovery } = this.#parts;
    const { epoch, latest } = await head.read();
    // The cluster may have lost its data since the head was read: deleted by another process.
    const refusal = latest === undefined ? await recovery.checkPush(request, requester, epoch) : undefined;
    return refusal ?? { kind: 'epochMismatch', epoch, version: latest?.version ?? noVersion };
  }
}
