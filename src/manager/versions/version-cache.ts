import type { ManagerStore } from '../manager-store.js';

/** Limit on the bytes of cached snapshots, apart from the one that was read last. */
const maxBytes = 64 * 1024 * 1024;

interface CachedVersion {
  readonly size: number;
  readonly snapshot: Promise<Uint8Array | undefined>;
}

/** A cache of recently requested versions: each is read, and then compressed, once for all requests. */
export class VersionCache {
  readonly #store: ManagerStore;
  /** Least recently used first. */
  readonly #entries = new Map<string, CachedVersion>();

  constructor(store: ManagerStore) {
    this.#store = store;
  }

  /** Resolves with `undefined` if the store does not retain the version, even if it is cached. */
  async of(cluster: string, version: number): Promise<Uint8Array | undefined> {
    const record = (await this.#store.history(cluster)).find((each) => each.version === version);
    if (record === undefined) return undefined;
    // The mutation distinguishes the version from one of the same number in a restored store.
    const key = `${version} ${record.mutation} ${cluster}`;
    const known = this.#entries.get(key);
    this.#entries.delete(key);
    const cached = known ?? { size: record.size, snapshot: this.#store.read(cluster, version) };
    this.#entries.set(key, cached);
    this.#forgetOldest();
    try {
      const snapshot = await cached.snapshot;
      if (snapshot === undefined) this.#forget(key, cached);
      return snapshot;
    } catch (error) {
      this.#forget(key, cached);
      throw error;
    }
  }

  #forget(key: string, cached: CachedVersion): void {
    if (this.#entries.get(key) === cached) this.#entries.delete(key);
  }

  #forgetOldest(): void {
    let bytes = 0;
    for (const { size } of this.#entries.values()) bytes += size;
    for (const [key, { size }] of this.#entries) {
      if (bytes <= maxBytes || this.#entries.size === 1) return;
      this.#entries.delete(key);
      bytes -= size;
    }
  }
}
