import type { Head, ManagerStore, VersionRecord } from '../manager-store.js';

/** A version with its bytes: one buffer shared by all requests. */
export interface CurrentVersion {
  readonly epoch: string;
  readonly record: VersionRecord;
  readonly snapshot: Uint8Array;
}

/** The newest snapshot of one cluster, read from the store once for all concurrent requests. */
export class LatestSnapshot {
  readonly #store: ManagerStore;
  readonly #cluster: string;
  #current: { readonly version: number; readonly snapshot: Promise<Uint8Array | undefined> } | undefined;
  #bytes = 0;

  constructor(store: ManagerStore, cluster: string) {
    this.#store = store;
    this.#cluster = cluster;
  }

  /** Bytes that are cached. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Returns `head` with the bytes of its newest version; `undefined` if that version is not retained any more, so there must be newer
   * ones.
   */
  async of({ epoch, latest }: Pick<Head, 'epoch' | 'latest'>): Promise<CurrentVersion | undefined> {
    if (latest === undefined) return undefined;
    if (this.#current?.version !== latest.version) this.#load(latest);
    const snapshot = await this.#current?.snapshot;
    return snapshot === undefined ? undefined : { epoch, record: latest, snapshot };
  }

  set({ record, snapshot }: CurrentVersion): void {
    this.#current = { version: record.version, snapshot: Promise.resolve(snapshot) };
    this.#bytes = snapshot.byteLength;
  }

  forget(): void {
    this.#current = undefined;
    this.#bytes = 0;
  }

  #load(record: VersionRecord): void {
    const snapshot = this.#store.read(this.#cluster, record.version);
    const current = { version: record.version, snapshot };
    this.#current = current;
    this.#bytes = record.size;
    const drop = () => {
      if (this.#current === current) this.forget();
    };
    snapshot.then((bytes) => bytes ?? drop(), drop);
  }
}
