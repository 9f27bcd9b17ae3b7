import type { KeyValue } from '../api/kv-messages.js';
import { etcd } from '../api/methods.js';
import type { EtcdConnection } from '../connect/connection.js';
import type { Keys } from '../keys.js';
import { decodeHead, emptyHead, type StoredHead } from './stored-head.js';

/** A head, and when it was read. */
export interface CurrentHead {
  readonly head: StoredHead;
  /** Revision in which the key was last changed; 0: it does not exist. */
  readonly modRevision: number;
  /** A revision in which it had this value. */
  readonly revision: number;
}

const maxKnown = 10_000;

/** The heads of clusters: read from etcd, and cached. */
export class Heads {
  readonly #connection: EtcdConnection;
  readonly #keys: Keys;
  /** Least recently changed first. */
  readonly #known = new Map<string, CurrentHead>();
  readonly #reads = new Map<
    string,
    { readonly running: Promise<CurrentHead>; next?: Promise<CurrentHead> }
  >();

  constructor(connection: EtcdConnection, keys: Keys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  /** Returns the head that this process saw last. It may be stale. */
  known(cluster: string): CurrentHead | undefined {
    return this.#known.get(cluster);
  }

  /**
   * Reads the current head. One read serves all callers that call before it begins: after a change ten thousand polls call at once, and a
   * call during a read must not get its result, which may be older than the call.
   */
  read(cluster: string): Promise<CurrentHead> {
    const reads = this.#reads.get(cluster);
    if (reads === undefined) return this.#begin(cluster);
    reads.next ??= reads.running.then(
      () => this.#begin(cluster),
      () => this.#begin(cluster),
    );
    return reads.next;
  }

  /** Records a head as it was in `revision`; the newest counts. */
  note(cluster: string, kv: KeyValue | undefined, revision: number): CurrentHead {
    const head = kv === undefined ? emptyHead : decodeHead(kv.key, kv.value);
    return this.noteHead(cluster, { head, modRevision: kv?.modRevision ?? 0, revision });
  }

  noteHead(cluster: string, current: CurrentHead): CurrentHead {
    const known = this.#known.get(cluster);
    if (known !== undefined && known.revision > current.revision) return current;
    this.#known.delete(cluster);
    this.#known.set(cluster, current);
    if (this.#known.size > maxKnown) {
      for (const [oldest] of this.#known) {
        this.#known.delete(oldest);
        break;
      }
    }
    return current;
  }

  #begin(cluster: string): Promise<CurrentHead> {
    const running = this.#read(cluster).finally(() => {
      if (this.#reads.get(cluster)?.running === running) this.#reads.delete(cluster);
    });
    this.#reads.set(cluster, { running });
    return running;
  }

  async #read(cluster: string): Promise<CurrentHead> {
    const { kvs, revision } = await this.#connection.call(etcd.range, { key: this.#keys.head(cluster) });
    return this.note(cluster, kvs[0], revision);
  }
}
