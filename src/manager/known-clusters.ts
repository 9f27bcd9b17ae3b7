import type { Clock } from '../clock.js';
import { CfluxError } from '../errors.js';
import { tooManyClusters } from './limits.js';
import type { ManagerStore } from './manager-store.js';

/** Milliseconds after which the clusters are listed again when a new one is admitted: other managers create and delete clusters. */
const relistAfter = 10_000;

/** The names of the clusters in the store, for the limit on new ones. Existing clusters are never refused. */
export class KnownClusters {
  readonly #store: ManagerStore;
  readonly #clock: Clock;
  readonly #most: number;
  #names = new Set<string>();
  #listedAt = Number.NEGATIVE_INFINITY;
  #listing: Promise<void> | undefined;

  constructor(store: ManagerStore, clock: Clock, most: number) {
    this.#store = store;
    this.#clock = clock;
    this.#most = most;
  }

  /** @throws `TOO_MANY_REQUESTS`: the cluster is new, and the limit is reached. Nothing was stored. */
  async admit(cluster: string): Promise<void> {
    if (this.#names.has(cluster)) return;
    try {
      if (!(await this.#exists(cluster))) {
        await this.#list();
        if (!this.#names.has(cluster) && this.#names.size >= this.#most) throw tooManyClusters(this.#most);
      }
    } catch (error) {
      const { code, message, cause, retryable, retryAfter } = CfluxError.from(error);
      const timing = retryAfter === undefined ? {} : { retryAfter };
      throw new CfluxError(code, message, { cause, retryable, outcome: 'notApplied', ...timing });
    }
    this.#names.add(cluster);
  }

  forget(cluster: string): void {
    this.#names.delete(cluster);
  }

  async #exists(cluster: string): Promise<boolean> {
    const { latest } = await this.#store.head(cluster);
    return latest !== undefined || (await this.#store.nodes(cluster)).length > 0;
  }

  async #list(): Promise<void> {
    if (this.#clock.monotonic() - this.#listedAt < relistAfter) return;
    this.#listing ??= this.#store.clusters().then((clusters) => {
      this.#names = new Set(clusters.map(({ cluster }) => cluster));
      this.#listedAt = this.#clock.monotonic();
    });
    try {
      await this.#listing;
    } finally {
      this.#listing = undefined;
    }
  }
}
