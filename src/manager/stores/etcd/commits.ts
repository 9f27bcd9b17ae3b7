import { CfluxError } from '../../../errors.js';
import { randomUuid } from '../../../random.js';
import type { Commit, CommitResult, StoreContext, VersionRecord } from '../../manager-store.js';
import { epochOf, nextNumber } from '../numbering.js';
import type { EtcdConnection } from './connection.js';
import { isLeaseGone } from './etcd-errors.js';
import type { CurrentHead, Heads } from './heads.js';
import { JsonValue, writeJson } from './json-value.js';
import type { Keys } from './keys.js';
import type { KeyValue, Operation, RangeResponse } from './kv-messages.js';
import { etcd } from './methods.js';
import type { MutationLeases } from './mutation-leases.js';
import type { SnapshotPieces } from './snapshot-pieces.js';
import { encodeHead, type StoredHead } from './stored-head.js';

export interface CommitParts {
  readonly connection: EtcdConnection;
  readonly keys: Keys;
  readonly heads: Heads;
  readonly pieces: SnapshotPieces;
  readonly mutationLeases: MutationLeases;
  readonly storeId: string;
  /** Told of every version made: the bytes of its snapshot, and the revision. */
  readonly onWrite: (bytes: number, revision: number) => void;
}

/** A transaction of etcd has at most 128 operations. */
const mostRemovals = 50;

/**
 * Makes versions, by compare-and-set on the revision of the head key.
 *
 *     known head allows it? ──no──► read head and mutation ──► refused, or: now it is known ─┐
 *            │ yes ◄─────────────────────────────────────────────────────────────────────────┤
 *            ▼                                                                               │
 *     pieces of a large snapshot, once                                                       │
 *            ▼                                                                               │
 *     ONE transaction: if the head is as known and the mutation is not,                      │
 *     head, mutation, small snapshot; removes what is beyond the history ──the head was another──┘
 *
 * The transaction may be sent again when its answer was lost: the first that is carried out moves the head, and no other can be
 * carried out after that. Whose it was is told by the name of the upload beside the mutation.
 */
export class Commits {
  readonly #parts: CommitParts;
  readonly #context: StoreContext;

  constructor(parts: CommitParts, context: StoreContext) {
    this.#parts = parts;
    this.#context = context;
  }

  async commit(commit: Commit): Promise<CommitResult> {
    const upload = randomUuid(this.#context.random);
    let pieces: readonly Operation[] | undefined;
    for (;;) {
      const known = this.#parts.heads.known(commit.cluster);
      let result: CommitResult | undefined;
      if (known !== undefined && this.#refusal(commit, known.head) === undefined) {
        pieces ??= await nothingStored(this.#parts.pieces.upload(commit.cluster, upload, commit.snapshot));
        result = await this.#store(commit, known, upload, pieces);
      } else result = await nothingStored(this.#look(commit, upload));
      if (result === undefined) continue;
      if (result.kind !== 'committed' && pieces !== undefined) this.#discard(commit.cluster, upload);
      return result;
    }
  }

  /** What etcd says now; `undefined`: nothing speaks against storing. */
  async #look(commit: Commit, upload: string): Promise<CommitResult | undefined> {
    const { revision, ranges } = await this.#parts.connection.call(etcd.txn, {
      compare: [],
      success: this.#reads(commit),
    });
    return this.#judge(commit, upload, revision, ranges);
  }

  /** `undefined`: not stored, for the head was another than `known`. */
  async #store(
    commit: Commit,
    known: CurrentHead,
    upload: string,
    pieces: readonly Operation[],
  ): Promise<CommitResult | undefined> {
    const { connection, keys, heads, mutationLeases } = this.#parts;
    const { cluster, mutation } = commit;
    const record = this.#recordOf(commit, known.head);
    const versions = [{ record, upload }, ...known.head.versions];
    const kept = Math.max(this.#context.history, versions.length - mostRemovals);
    const head: StoredHead = { generation: known.head.generation, versions: versions.slice(0, kept) };
    const lease = await nothingStored(mutationLeases.next());
    const value = writeJson({ version: record.version, upload });
    try {
      const { succeeded, revision, ranges } = await connection.call(etcd.txn, {
        compare: [
          { key: keys.head(cluster), modRevision: known.modRevision },
          { key: keys.mutation(cluster, mutation), modRevision: 0 },
        ],
        success: [
          { put: keys.head(cluster), value: encodeHead(head) },
          { put: keys.mutation(cluster, mutation), value, lease },
          ...pieces,
          ...versions.slice(kept).map((gone) => this.#parts.pieces.removal(cluster, gone.upload)),
        ],
        failure: this.#reads(commit),
      });
      if (!succeeded) return this.#judge(commit, upload, revision, ranges);
      heads.noteHead(cluster, { head, modRevision: revision, revision });
      this.#parts.onWrite(record.size, revision);
      return { kind: 'committed', epoch: this.#epochOf(cluster, head), record };
    } catch (error) {
      if (!isLeaseGone(error)) throw error;
      mutationLeases.forget();
      return undefined;
    }
  }

  #reads({ cluster, mutation }: Commit): readonly Operation[] {
    const { keys } = this.#parts;
    return [{ get: { key: keys.head(cluster) } }, { get: { key: keys.mutation(cluster, mutation) } }];
  }

  #judge(
    commit: Commit,
    upload: string,
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

  #recordOf(commit: Commit, { generation, versions }: StoredHead): VersionRecord {
    const now = this.#context.clock.now();
    return {
      version: nextNumber(versions[0]?.record.version ?? generation, now, commit.above),
      mutation: commit.mutation,
      at: now,
      size: commit.snapshot.byteLength,
      nodeId: commit.nodeId,
      author: commit.author,
    };
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
