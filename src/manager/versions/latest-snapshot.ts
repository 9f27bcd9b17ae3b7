import type { Snapshot } from '../../transport/transport.js';
import type { Head, ManagerStore, VersionRecord } from '../manager-store.js';
import { SharedBytes } from './shared-bytes.js';

/** A version with its bytes, which all requests share. */
export interface CurrentVersion {
  readonly epoch: string;
  readonly record: VersionRecord;
  readonly snapshot: SharedBytes;
}

/** Returns a version as it is sent as a whole: its bytes are joined when they are read. */
export function snapshotOf({ epoch, record, snapshot }: CurrentVersion): Snapshot {
  const { version, mutation } = record;
  return {
    version,
    mutation,
    epoch,
    get snapshot() {
      return snapshot.whole();
    },
  };
}

/** The newest snapshot of one cluster, read from the store once for all concurrent requests. */
export class LatestSnapshot {
  readonly #store: ManagerStore;
  readonly #cluster: string;
  #current: { readonly version: number; readonly snapshot: Promise<SharedBytes | undefined> } | undefined;
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
    this.#bytes = snapshot.retained;
  }

  forget(): void {
    this.#current = undefined;
    this.#bytes = 0;
  }

  #load(record: VersionRecord): void {
    const snapshot = this.#read(record);
    const current = { version: record.version, snapshot };
    this.#current = current;
    this.#bytes = record.size;
    const drop = () => {
      if (this.#current === current) this.forget();
    };
    snapshot.then((bytes) => bytes ?? drop(), drop);
  }

  async #read({ version }: VersionRecord): Promise<SharedBytes | undefined> {
    const bytes = await this.#store.read(this.#cluster, version);
    return bytes && SharedBytes.of(bytes);
  }
}
