import { CfluxError } from '../../../../errors.js';
import { checkCommit } from '../../../check-commit.js';
import type { Commit, CommitResult, StoreContext } from '../../../manager-store.js';
import { epochOf, firstGeneration, recordOf } from '../../numbering.js';
import { doubtful, isLeaseGone, isNoSpace } from '../api/etcd-errors.js';
import type { KeyValue, Operation, TxnResponse } from '../api/kv-messages.js';
import { etcd } from '../api/methods.js';
import type { EtcdConnection } from '../connect/connection.js';
import type { Keys } from '../keys.js';
import type { SharedLease } from '../leases/shared-lease.js';
import type { Entry, EtcdPushQueue } from '../queue/etcd-push-queue.js';
import { readJson, writeJson } from '../stored-json.js';
import type { ClusterDrops } from './cluster-drops.js';
import type { CurrentHead, Heads } from './heads.js';
import type { SnapshotPieces } from './snapshot-pieces.js';
import { encodeHead, keptOf, type StoredHead } from './stored-head.js';

export interface CommitParts {
  readonly connection: EtcdConnection;
  readonly keys: Keys;
  readonly heads: Heads;
  readonly pieces: SnapshotPieces;
  readonly drops: ClusterDrops;
  readonly turns: EtcdPushQueue;
  readonly mutationLease: SharedLease;
  readonly storeId: string;
  /** Called for every version stored, with the bytes of its snapshot, and the revision. */
  readonly onWrite: (bytes: number, revision: number) => void;
}

/** A transaction of etcd has at most 128 operations. */
const maxRemovals = 50;

/** A commit in progress. */
interface Attempted {
  readonly commit: Commit;
  /** Name of the upload; identifies which manager's it is. */
  readonly upload: string;
  /** Its entry in the queue. */
  readonly entry: Entry;
  pieces?: readonly Operation[];
  /** The mutation was looked up in etcd. */
  isLookedUp?: boolean;
}

/**
 * Stores versions, by compare-and-set on the revision of the head key.
 *
 *     known head and queue allow it? ──no──► read head and mutation, create a ticket ──► refused
 *            │ yes                                  │ wait until it is the first (etcd-push-queue.ts), and again
 *            ▼                                      └─► first, but conflict: 409 from what is known by now
 *     pieces of a large snapshot, once
 *            ▼
 *     ONE transaction: if the head is as known, the mutation is new, and the ticket is first: head, mutation, small snapshot;
 *     removes old versions, and the ticket ──► committed
 *            └── otherwise it reads both and creates a ticket ──► again
 *
 * The transaction may be sent again if its response was lost: the first one that is carried out moves the head, and no other can be
 * carried out after that. The name of the upload beside the mutation identifies whose it was.
 */
export class Commits {
  readonly #parts: CommitParts;
  readonly #context: StoreContext;
  #uploads = 0;

  constructor(parts: CommitParts, context: StoreContext) {
    this.#parts = parts;
    this.#context = context;
  }

  async commit(commit: Commit, signal?: AbortSignal): Promise<CommitResult> {
    const { turns, heads } = this.#parts;
    const { cluster } = commit;
    const entry = turns.arrive(commit, heads.known(cluster)?.head.versions[0]?.record.version);
    const attempted: Attempted = { commit, upload: `${turns.self}.${this.#uploads++}`, entry };
    let result: CommitResult;
    try {
      result = await this.#attempts(attempted, signal);
      turns.settle(entry, result);
      if (result.kind !== 'committed' && attempted.pieces) this.#discard(cluster, attempted.upload);
    } catch (error) {
      turns.failed(entry);
      throw error;
    }
    return this.#parts.drops.noted(commit, result);
  }

  async #attempts(attempted: Attempted, signal: AbortSignal | undefined): Promise<CommitResult> {
    const { turns, heads } = this.#parts;
    const { commit, entry } = attempted;
    const { cluster } = commit;
    for (;;) {
      const known = heads.known(cluster);
      const refusal = known && this.#refusal(commit, known.head);
      // As long as the ticket is the first, no other version is stored: what is known is the newest.
      if (refusal && attempted.isLookedUp && turns.isFirst(entry)) return refusal;
      const mayStore = known !== undefined && refusal === undefined && turns.mayGo(entry);
      const result = mayStore ? await this.#store(attempted, known) : await this.#inspect(attempted);
      if (result !== undefined && result.kind !== 'conflict') return result;
      await turns.wait(entry, signal);
    }
  }

  /** Reads the state from etcd, and creates a ticket; returns `undefined` if the version may be stored, once admitted. */
  async #inspect(attempted: Attempted): Promise<CommitResult | undefined> {
    const looking = this.#parts.connection.call(etcd.txn, {
      compare: [],
      success: this.#queueing(attempted),
    });
    return this.#classify(attempted, await nothingStored(looking));
  }

  /** Returns `undefined` if it was not stored: the head was not `known`, or the ticket was not the first. */
  async #store(attempted: Attempted, known: CurrentHead): Promise<CommitResult | undefined> {
    const { connection, keys, heads, turns, pieces, mutationLease } = this.#parts;
    const { commit, upload, entry } = attempted;
    const { cluster, mutation } = commit;
    const { generation: stored, versions: earlier } = known.head;
    const latest = earlier[0]?.record.version;
    const generation = latest === undefined ? firstGeneration(commit, stored) : stored;
    const previous = latest ?? generation;
    const record = recordOf(commit, previous, Math.floor(this.#context.clock.now()));
    const versions = [{ record, upload }, ...earlier];
    const kept = Math.max(this.#context.keepVersions, versions.length - maxRemovals);
    const head: StoredHead = { generation, versions: versions.slice(0, kept) };
    const uploading = async () => pieces.upload(cluster, upload, commit.snapshot);
    attempted.pieces ??= await nothingStored(turns.holding(entry, uploading()));
    const drops = await nothingStored(this.#parts.drops.change(commit, record, generation));
    const lease = await nothingStored(mutationLease.next());
    const value = writeJson({ version: record.version, upload });
    try {
      const response = await connection.call(etcd.txn, {
        compare: [
          { key: keys.head(cluster), modRevision: known.modRevision },
          { key: keys.mutation(cluster, mutation), modRevision: 0 },
          turns.comparison(entry),
        ],
        success: [
          { put: keys.head(cluster), value: encodeHead(head) },
          { put: keys.mutation(cluster, mutation), value, lease },
          ...attempted.pieces,
          ...drops,
          ...versions.slice(kept).map((gone) => pieces.removal(cluster, gone.upload)),
          ...turns.leave(entry),
        ],
        failure: this.#queueing(attempted),
      });
      if (!response.succeeded) return this.#classify(attempted, response);
      const { revision } = response;
      heads.noteHead(cluster, { head, modRevision: revision, revision });
      turns.left(entry);
      this.#parts.onWrite(record.size, revision);
      return { kind: 'committed', epoch: this.#epochOf(cluster, head), record };
    } catch (error) {
      if (isNoSpace(error)) return this.#readDespite(error, attempted);
      if (!isLeaseGone(error)) throw error;
      mutationLease.forget();
      return undefined;
    }
  }

  /**
   * A member of etcd without room carries out what was proposed before it noticed, and reports an error nevertheless (`quotaApplierV3` in
   * its `apply.go`; seen with 3.4): only a read shows whether the version was stored. Reading needs no room.
   */
  async #readDespite(failure: unknown, attempted: Attempted): Promise<CommitResult> {
    const looking = this.#parts.connection.call(etcd.txn, { compare: [], success: this.#reading(attempted) });
    const response = await looking.catch(() => {
      throw doubtful(CfluxError.from(failure));
    });
    const result = this.#classify(attempted, response);
    if (result?.kind === 'committed' || result?.kind === 'repeated') return result;
    throw failure;
  }

  #queueing(attempted: Attempted): readonly Operation[] {
    return [...this.#reading(attempted), ...this.#parts.turns.enter(attempted.entry)];
  }

  #reading({ commit: { cluster, mutation } }: Attempted): readonly Operation[] {
    const { keys } = this.#parts;
    return [{ get: { key: keys.head(cluster) } }, { get: { key: keys.mutation(cluster, mutation) } }];
  }

  /** Derives the result from the responses to `#queueing` or `#reading`. */
  #classify(attempted: Attempted, { revision, ranges }: TxnResponse): CommitResult | undefined {
    const { commit, upload } = attempted;
    const [headRange, mutationRange, queue] = ranges;
    const { head } = this.#parts.heads.note(commit.cluster, headRange?.kvs[0], revision);
    if (queue) this.#parts.turns.note(commit.cluster, queue, revision);
    attempted.isLookedUp = true;
    const mutation = mutationRange?.kvs[0];
    if (mutation === undefined) return this.#refusal(commit, head);
    const { version, isOurs } = readMutation(mutation, upload);
    const epoch = this.#epochOf(commit.cluster, head);
    const stored = isOurs ? head.versions.find(({ record }) => record.version === version) : undefined;
    if (stored !== undefined) return { kind: 'committed', epoch, record: stored.record };
    return checkCommit(commit, { epoch }, version);
  }

  /** Returns why the commit cannot be stored on `head`; the mutation may be older than those in `head`. */
  #refusal(commit: Commit, head: StoredHead): CommitResult | undefined {
    const epoch = this.#epochOf(commit.cluster, head);
    const retained = keptOf(head);
    const same = retained.find(({ mutation }) => mutation === commit.mutation);
    return checkCommit(commit, { epoch, latest: retained[0], retained }, same?.version);
  }

  #epochOf(cluster: string, { generation }: StoredHead): string {
    return epochOf(this.#parts.storeId, cluster, generation);
  }

  /** Nothing references the upload, and nothing will. If it cannot be removed now, the sweep removes it later. */
  #discard(cluster: string, upload: string): void {
    const { connection, pieces } = this.#parts;
    connection.call(etcd.txn, { compare: [], success: [pieces.removal(cluster, upload)] }).catch(() => {});
  }
}

function readMutation({ key, value }: KeyValue, upload: string) {
  const mutation = readJson(key, value);
  return { version: mutation.integer('version'), isOurs: mutation.text('upload') === upload };
}

/** A failure before the transaction has a certain outcome: nothing was stored. */
async function nothingStored<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code, message, cause, retryable } = CfluxError.from(error, 'UNAVAILABLE');
    throw new CfluxError(code, message, { cause, retryable, outcome: 'notApplied' });
  }
}
