import { CfluxError } from '../../../errors.js';
import type { Commit, CommitResult, StoreContext } from '../../manager-store.js';
import { epochOf, recordOf } from '../numbering.js';
import type { EtcdConnection } from './connection.js';
import { isLeaseGone } from './etcd-errors.js';
import type { CurrentHead, Heads } from './heads.js';
import { JsonValue, writeJson } from './json-value.js';
import type { Keys } from './keys.js';
import type { KeyValue, Operation, RangeResponse } from './kv-messages.js';
import { etcd } from './methods.js';
import type { MutationLeases } from './mutation-leases.js';
import { nobody, type SharedTurns } from './shared-turns.js';
import type { SnapshotPieces } from './snapshot-pieces.js';
import { encodeHead, type StoredHead } from './stored-head.js';

export interface CommitParts {
  readonly connection: EtcdConnection;
  readonly keys: Keys;
  readonly heads: Heads;
  readonly pieces: SnapshotPieces;
  readonly turns: SharedTurns;
  readonly mutationLeases: MutationLeases;
  readonly storeId: string;
  /** Told of every version made: the bytes of its snapshot, and the revision. */
  readonly onWrite: (bytes: number, revision: number) => void;
}

/** A transaction of etcd has at most 128 operations. */
const mostRemovals = 50;

/** A commit under way. */
interface Attempted {
  readonly commit: Commit;
  /** Names the upload, and tells whose version it is. */
  readonly upload: string;
  pieces?: readonly Operation[];
  /** Other managers queue: so does this. */
  queues?: boolean;
}

interface Verdict {
  /** Absent: nothing speaks against storing. */
  readonly result?: CommitResult | undefined;
  /** The managers that queue. */
  readonly queue: RangeResponse;
}

/**
 * Makes versions, by compare-and-set on the revision of the head key.
 *
 *     known head allows it? ──no──► read head and mutation ──► refused, or: now it is known ─┐
 *            │ yes ◄─────────────────────────────────────────────────────────────────────────┤
 *            ▼                                                                               │
 *     pieces of a large snapshot, once                                                       │
 *            ▼                                                                               │
 *     ONE transaction: if the head is as known, the mutation is not, and it is our turn:     │
 *     head, mutation, small snapshot; removes what is beyond the history                     │
 *            │ committed                       otherwise: reads both, queues (shared-turns.ts) ──┘
 *
 * The transaction may be sent again when its answer was lost: the first that is carried out moves the head, and no other can be
 * carried out after that. Whose it was is told by the name of the upload beside the mutation.
 */
export class Commits {
  readonly #parts: CommitParts;
  readonly #context: StoreContext;
  #uploads = 0;

  constructor(parts: CommitParts, context: StoreContext) {
    this.#parts = parts;
    this.#context = context;
  }

  async commit(commit: Commit): Promise<CommitResult> {
    const { turns, heads } = this.#parts;
    const { cluster } = commit;
    const attempted: Attempted = { commit, upload: `${turns.self}.${this.#uploads++}` };
    turns.use(cluster);
    try {
      for (;;) {
        const known = heads.known(cluster);
        const mayStore = known !== undefined && this.#refusal(commit, known.head) === undefined;
        const { result, queue } = await (mayStore
          ? this.#store(attempted, known)
          : this.#look(attempted, known));
        if (result?.kind === 'committed') return result;
        const isSettled = result !== undefined && result.kind !== 'conflict';
        // Who loses is told of the newest version when it is first in the queue: then it stays the newest until it comes back.
        if (!isSettled && queue.kvs.length > 0) {
          attempted.queues = true;
          if (await turns.wait(cluster, queue)) continue;
        }
        if (result === undefined) continue;
        if (result.kind === 'conflict') turns.keep(cluster);
        else turns.giveUp(cluster);
        if (attempted.pieces !== undefined) this.#discard(cluster, attempted.upload);
        return result;
      }
    } catch (error) {
      turns.keep(cluster);
      throw error;
    }
  }

  /** What etcd says now. */
  async #look(attempted: Attempted, known: CurrentHead | undefined): Promise<Verdict> {
    const { connection, turns } = this.#parts;
    const { cluster } = attempted.commit;
    const newest = known?.head.versions[0];
    // Among our own nodes the manager sees to it that turns are fair.
    const isForeign = newest !== undefined && !newest.upload.startsWith(turns.self);
    const queueing = turns.enter(cluster, isForeign || attempted.queues);
    const looking = connection.call(etcd.txn, {
      compare: [],
      success: [...this.#reads(attempted.commit), ...queueing],
    });
    const { revision, ranges } = await nothingStored(looking);
    const queue = turns.entered(cluster, ranges[2]);
    return { result: this.#judge(attempted, revision, ranges), queue };
  }

  /** Not stored where the head was another than `known`, or it was not our turn. */
  async #store(attempted: Attempted, known: CurrentHead): Promise<Verdict> {
    const { connection, keys, heads, turns, pieces, mutationLeases } = this.#parts;
    const { commit, upload } = attempted;
    const { cluster, mutation } = commit;
    const { generation, versions: earlier } = known.head;
    const previous = earlier[0]?.record.version ?? generation;
    const record = recordOf(commit, previous, Math.floor(this.#context.clock.now()));
    const versions = [{ record, upload }, ...earlier];
    const kept = Math.max(this.#context.history, versions.length - mostRemovals);
    const head: StoredHead = { generation, versions: versions.slice(0, kept) };
    attempted.pieces ??= await nothingStored(pieces.upload(cluster, upload, commit.snapshot));
    const lease = await nothingStored(mutationLeases.next());
    const value = writeJson({ version: record.version, upload });
    try {
      const { succeeded, revision, ranges } = await connection.call(etcd.txn, {
        compare: [
          { key: keys.head(cluster), modRevision: known.modRevision },
          { key: keys.mutation(cluster, mutation), modRevision: 0 },
          turns.comparison(cluster),
        ],
        success: [
          { put: keys.head(cluster), value: encodeHead(head) },
          { put: keys.mutation(cluster, mutation), value, lease },
          ...attempted.pieces,
          ...versions.slice(kept).map((gone) => pieces.removal(cluster, gone.upload)),
          ...turns.leave(cluster),
        ],
        failure: [...this.#reads(commit), ...turns.enter(cluster)],
      });
      if (succeeded) {
        turns.left(cluster);
        heads.noteHead(cluster, { head, modRevision: revision, revision });
        this.#parts.onWrite(record.size, revision);
        const epoch = this.#epochOf(cluster, head);
        return { result: { kind: 'committed', epoch, record }, queue: nobody };
      }
      const queue = turns.entered(cluster, ranges[2]);
      return { result: this.#judge(attempted, revision, ranges), queue };
    } catch (error) {
      if (!isLeaseGone(error)) throw error;
      mutationLeases.forget();
      return { queue: nobody };
    }
  }

  #reads({ cluster, mutation }: Commit): readonly Operation[] {
    const { keys } = this.#parts;
    return [{ get: { key: keys.head(cluster) } }, { get: { key: keys.mutation(cluster, mutation) } }];
  }

  #judge(
    { commit, upload }: Attempted,
    revision: number,
    [headRange, mutationRange]: readonly RangeResponse[],
  ): CommitResult | undefined {
    const { head } = this.#parts.heads.note(commit.cluster, headRange?.kvs[0], revision);
    const epoch = this.#epochOf(commit.cluster, head);
    const mutation = mutationRange?.kvs[0];
    if (mutation === undefined) return this.#refusal(commit, head);
    const { version, isOurs } = readMutation(mutation, upload);
    const stored = isOurs ? head.versions.find(({ record }) => record.version === version) : undefined;
    if (stored !== undefined) return { kind: 'committed', epoch, record: stored.record };
    return { kind: 'repeated', epoch, version };
  }

  /** Why a mutation that is not known cannot be stored on `head`. */
  #refusal(commit: Commit, head: StoredHead): CommitResult | undefined {
    const epoch = this.#epochOf(commit.cluster, head);
    if (commit.epoch !== undefined && commit.epoch !== epoch) return { kind: 'foreignEpoch', epoch };
    const latest = head.versions[0]?.record;
    if (latest !== undefined && latest.version !== commit.base) return { kind: 'conflict', epoch, latest };
    return undefined;
  }

  #epochOf(cluster: string, { generation }: StoredHead): string {
    return epochOf(this.#parts.storeId, cluster, generation);
  }

  /** Nothing refers to the upload, and nothing will. What cannot be removed now the sweep finds later. */
  #discard(cluster: string, upload: string): void {
    const { connection, pieces } = this.#parts;
    connection.call(etcd.txn, { compare: [], success: [pieces.removal(cluster, upload)] }).catch(() => {});
  }
}

function readMutation({ key, value }: KeyValue, upload: string) {
  const mutation = JsonValue.parse(key, value);
  return { version: mutation.number('version'), isOurs: mutation.text('upload') === upload };
}

/** Of what comes before the transaction, a failure leaves no doubt. */
async function nothingStored<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code, message, cause, retryable } = CfluxError.from(error, 'UNAVAILABLE');
    throw new CfluxError(code, message, { cause, retryable, outcome: 'none' });
  }
}
