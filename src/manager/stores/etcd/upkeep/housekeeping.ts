import { uniformDelay } from '../../../../async/jitter.js';
import { debugLog } from '../../../../debug-log.js';
import type { StoreContext } from '../../../manager-store.js';
import { isCompacted } from '../api/etcd-errors.js';
import type { KeyValue } from '../api/kv-messages.js';
import { etcd } from '../api/methods.js';
import type { EtcdConnection } from '../connect/connection.js';
import type { Keys } from '../keys.js';
import type { SnapshotPieces } from '../versions/snapshot-pieces.js';
import { decodeHead } from '../versions/stored-head.js';
import { RevisionMarks } from './revision-marks.js';

const debug = debugLog('cflux:etcd');

/** Milliseconds between two rounds; one manager does the work of a round. */
const roundInterval = 5 * 60_000;
/** etcd keeps every value until it is compacted, and its quota is 2 GiB by default: this much of ours may accumulate in between. */
const maxWritten = 64 * 2 ** 20;
/** Younger history is not compacted, for readers and for watches that resume. */
const minHistory = 10_000;
/** An upload without a reference after this long never gets one. */
const orphanAge = 10 * 60_000;
const page = 500;

interface Parts {
  readonly connection: EtcdConnection;
  readonly keys: Keys;
  readonly pieces: SnapshotPieces;
}

/** Compacts what commits have made obsolete, and removes uploads that were never referenced. */
export class Housekeeping {
  readonly #parts: Parts;
  readonly #context: StoreContext;
  readonly #marks: RevisionMarks;
  #written = 0;
  /** Revision of the key that selects the manager of a round. */
  #keyRevision = 0;
  #cancelTimer: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(parts: Parts, context: StoreContext) {
    this.#parts = parts;
    this.#context = context;
    this.#marks = new RevisionMarks(context.clock);
  }

  /** `revision`: the current revision of etcd. */
  start(revision: number): void {
    this.#marks.note(revision);
    this.#arm();
  }

  /** A version of so many bytes was stored, in `revision`. */
  wrote(bytes: number, revision: number): void {
    this.#marks.note(revision);
    this.#written += bytes;
    if (this.#written < maxWritten) return;
    const old = this.#marks.before(minHistory);
    if (old === undefined) return;
    this.#written = 0;
    this.#run(() => this.#compact(old));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    await this.#running;
  }

  #arm(): void {
    // Jitter: managers that were started together would otherwise always collide.
    const pause = uniformDelay(0.75 * roundInterval, 1.25 * roundInterval, this.#context.random);
    this.#cancelTimer = this.#context.clock.after(pause, () => {
      this.#run(() => this.#round());
      this.#arm();
    });
  }

  #run(work: () => Promise<void>): void {
    if (this.#closed || this.#running !== undefined) return;
    this.#running = work()
      .catch((error: unknown) => debug('housekeeping failed: %s', error))
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** The manager that changes the key first does this round; the others learn its revision for the next. */
  async #round(): Promise<void> {
    const { connection, keys } = this.#parts;
    const { succeeded, revision, ranges } = await connection.call(etcd.txn, {
      compare: [{ key: keys.housekeeping, modRevision: this.#keyRevision }],
      success: [{ put: keys.housekeeping, value: Buffer.from('{}') }],
      failure: [{ get: { key: keys.housekeeping } }],
    });
    this.#keyRevision = succeeded ? revision : (ranges[0]?.kvs[0]?.modRevision ?? 0);
    const old = this.#marks.before(roundInterval / 2);
    this.#marks.note(revision);
    if (!succeeded) return;
    if (old !== undefined) await this.#compact(old);
    await this.#sweep();
  }

  async #compact(revision: number): Promise<void> {
    try {
      await this.#parts.connection.call(etcd.compact, { revision });
      debug('compacted what is older than revision %d', revision);
    } catch (error) {
      // Another manager, or etcd itself, has compacted already.
      if (!isCompacted(error)) throw error;
    }
  }

  /** Removes uploads that began long ago and that no head references: their manager crashed, or could not remove them. */
  async #sweep(): Promise<void> {
    const maxCreateRevision = this.#marks.before(orphanAge);
    if (maxCreateRevision === undefined) return;
    const { connection, keys } = this.#parts;
    const { rangeEnd } = keys.data;
    let { key } = keys.data;
    for (;;) {
      const { kvs, more } = await connection.call(etcd.range, {
        key,
        rangeEnd,
        keysOnly: true,
        limit: page,
        maxCreateRevision,
      });
      await this.#removeOrphans(kvs);
      const last = kvs.at(-1);
      if (!more || last === undefined || this.#closed) return;
      key = `${last.key}\0`;
    }
  }

  async #removeOrphans(kvs: readonly KeyValue[]): Promise<void> {
    const { connection, keys, pieces } = this.#parts;
    const uploads = new Map<string, Set<string>>();
    for (const { key } of kvs) {
      const cluster = keys.clusterOf(key);
      uploads.set(cluster, (uploads.get(cluster) ?? new Set()).add(keys.uploadOf(key)));
    }
    for (const [cluster, found] of uploads) {
      const { kvs: heads } = await connection.call(etcd.range, { key: keys.head(cluster) });
      const kept = heads.flatMap(({ key, value }) => decodeHead(key, value).versions);
      for (const { upload } of kept) found.delete(upload);
      for (const upload of found) {
        debug('removing the orphaned upload %s of %s', upload, cluster);
        await connection.call(etcd.txn, { compare: [], success: [pieces.removal(cluster, upload)] });
      }
    }
  }
}
