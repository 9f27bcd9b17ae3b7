import { CfluxError } from '../../errors.js';
import type { Head, ManagerStore } from '../manager-store.js';
import { type CurrentVersion, LatestSnapshot } from './latest-snapshot.js';

// A store that returns versions that are gone at once is broken; reading must not go on for ever.
const maxReads = 10;

/** Where the history of one cluster stands: read from the store for each request, with the newest snapshot cached. */
export class ClusterHead {
  readonly #cluster: string;
  readonly #store: ManagerStore;
  readonly #latest: LatestSnapshot;
  readonly #epochWithoutData: (stored: string) => string;
  #hasData = false;
  #epoch: string | undefined;

  /** @param epochWithoutData the epoch that counts while the cluster has no data, by the one that is stored */
  constructor(cluster: string, store: ManagerStore, epochWithoutData: (stored: string) => string) {
    this.#cluster = cluster;
    this.#store = store;
    this.#latest = new LatestSnapshot(store, cluster);
    this.#epochWithoutData = epochWithoutData;
  }

  /** It had data when the head was last read; if it was deleted since, its epoch is another one. */
  get hasData(): boolean {
    return this.#hasData;
  }

  /** The epoch of the history, as it was last read. */
  get epoch(): string | undefined {
    return this.#epoch;
  }

  get cachedBytes(): number {
    return this.#latest.bytes;
  }

  async read(): Promise<Head> {
    const head = await this.#store.head(this.#cluster);
    this.#hasData = head.latest !== undefined;
    const known = this.#hasData ? head : { ...head, epoch: this.#epochWithoutData(head.epoch) };
    this.#epoch = known.epoch;
    return known;
  }

  /** The newest version with its bytes; `undefined` if the cluster has no data. `known` is the head that was read last. */
  async current(known: Head): Promise<CurrentVersion | undefined> {
    let { epoch, latest } = known;
    for (let reads = 0; reads < maxReads; reads++) {
      if (latest === undefined) return undefined;
      const current = await this.#latest.of({ epoch, latest });
      if (current !== undefined) return current;
      ({ epoch, latest } = await this.read());
    }
    throw new CfluxError('UNAVAILABLE', 'the store does not have the version that it says is the newest', {
      retryable: true,
      outcome: 'notApplied',
      retryAfter: 1_000,
    });
  }

  /** A commit found the history at `epoch`. */
  found(epoch: string): void {
    this.#epoch = epoch;
  }

  /** This manager stored `current`. `isOvertaken`: a higher version is known already. */
  stored(current: CurrentVersion, isOvertaken: boolean): void {
    this.#hasData = true;
    if (!isOvertaken) this.#latest.set(current);
  }
}
