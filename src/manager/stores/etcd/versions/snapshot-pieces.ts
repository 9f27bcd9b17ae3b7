import { forEachConcurrently } from '../../../../async/for-each-concurrently.js';
import type { Operation } from '../api/kv-messages.js';
import { etcd } from '../api/methods.js';
import type { EtcdConnection } from '../connect/connection.js';
import type { Keys } from '../keys.js';

/** etcd accepts requests up to 1.5 MiB; pieces of this size, four at a time, were fastest (41 ms for 5 MiB). */
const pieceSize = 256 * 1024;
const atATime = 4;
/** This much fits into the transaction that makes it the newest version, which saves a round trip. */
const largestInline = 2 * pieceSize;
/** Pieces read at once: 4 MiB. */
const page = 16;

/** The bytes of snapshots, in pieces: each upload has a unique name, and never changes. */
export class SnapshotPieces {
  readonly #connection: EtcdConnection;
  readonly #keys: Keys;

  constructor(connection: EtcdConnection, keys: Keys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  /**
   * Uploads `snapshot` without a reference to it; the returned operations must be part of the transaction that references it.
   */
  async upload(cluster: string, upload: string, snapshot: Uint8Array): Promise<readonly Operation[]> {
    const pieces = Array.from({ length: Math.ceil(snapshot.byteLength / pieceSize) }, (_, number) => ({
      put: this.#keys.piece(cluster, upload, number),
      value: snapshot.subarray(number * pieceSize, (number + 1) * pieceSize),
    }));
    if (snapshot.byteLength <= largestInline) return pieces;
    await forEachConcurrently(pieces, atATime, async (piece) => {
      await this.#connection.call(etcd.txn, { compare: [], success: [piece] });
    });
    return [];
  }

  /** The operation that removes an upload. */
  removal(cluster: string, upload: string): Operation {
    const { key, rangeEnd } = this.#keys.upload(cluster, upload);
    return { deleteKey: key, rangeEnd };
  }

  /** Reads the `size` bytes of an upload as of `revision`; resolves with `undefined` if it did not exist (any more). */
  async read(
    cluster: string,
    upload: string,
    size: number,
    revision: number,
  ): Promise<Uint8Array | undefined> {
    const count = Math.ceil(size / pieceSize);
    const reads = Array.from({ length: Math.ceil(count / page) }, (_, number) =>
      this.#connection.call(etcd.range, {
        key: this.#keys.piece(cluster, upload, number * page),
        rangeEnd: this.#keys.piece(cluster, upload, (number + 1) * page),
        revision,
      }),
    );
    const pieces = (await Promise.all(reads)).flatMap(({ kvs }) => kvs.map((kv) => kv.value));
    const length = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
    return length === size ? Buffer.concat(pieces, size) : undefined;
  }
}
