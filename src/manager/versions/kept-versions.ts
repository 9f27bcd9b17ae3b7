import type { ManagerStore } from '../manager-store.js';

/** Limit on the bytes of cached snapshots, apart from the one that was read last. */
const maxBytes = 64 * 1024 * 1024;

interface Kept {
  readonly size: number;
  readonly snapshot: Promise<Uint8Array | undefined>;
}

/** A cache of recently requested versions: each is read, and then compressed, once for all requests. */
export class KeptVersions {
  readonly #store: ManagerStore;
  /** Least recently used first. */
  readonly #kept = new Map<string, Kept>();

  constructor(store: ManagerStore) {
    this.#store = store;
  }

  /** Resolves with `undefined` if the store does not retain the version, even if it is cached. */
  async of(cluster: string, version: number): Promise<Uint8Array | undefined> {
    const record = (await this.#store.history(cluster)).find((each) => each.version === version);
    if (record === undefined) return undefined;
    // The mutation distinguishes the version from one of the same number in a restored store.
    const key = `${version} ${record.mutation} ${cluster}`;
    const known = this.#kept.get(key);
    this.#kept.delete(key);
    const kept = known ?? { size: record.size, snapshot: this.#store.read(cluster, version) };
    this.#kept.set(key, kept);
    this.#forgetOldest();
    try {
      const snapshot = await kept.snapshot;
      if (snapshot === undefined) this.#forget(key, kept);
      return snapshot;
    } catch (error) {
      this.#forget(key, kept);
      throw error;
    }
  }

  #forget(key: string, kept: Kept): void {
    if (this.#kept.get(key) === kept) this.#kept.delete(key);
  }

  #forgetOldest(): void {
    let bytes = 0;
    for (const { size } of this.#kept.values()) bytes += size;
    for (const [key, { size }] of this.#kept) {
      if (bytes <= maxBytes || this.#kept.size === 1) return;
      this.#kept.delete(key);
      bytes -= size;
    }
  }
}
