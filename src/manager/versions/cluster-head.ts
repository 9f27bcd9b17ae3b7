import { CfluxError } from '../../errors.js';
import type { Head, ManagerStore } from '../manager-store.js';
import { type CurrentVersion, LatestSnapshot } from './latest-snapshot.js';

// A store that always returns versions that are gone at once is broken; reading must end nevertheless.
const maxReads = 10;

/** The head of one cluster: read from the store for each request, with the newest snapshot cached. */
export class ClusterHead {
  readonly #cluster: string;
  readonly #store: ManagerStore;
  readonly #latest: LatestSnapshot;
  readonly #epochWithoutData: (stored: string) => string;
  readonly #onEpoch: () => void;
  #hasData = false;
  #epoch: string | undefined;

  /**
   * @param epochWithoutData maps the stored epoch to the effective one while the cluster has no data
   * @param onEpoch called when a read finds another epoch than the one before
   */
  constructor(
    cluster: string,
    store: ManagerStore,
    epochWithoutData: (stored: string) => string,
    onEpoch: () => void,
  ) {
    this.#cluster = cluster;
    this.#store = store;
    this.#latest = new LatestSnapshot(store, cluster);
    this.#epochWithoutData = epochWithoutData;
    this.#onEpoch = onEpoch;
  }

  /** Whether it had data when the head was last read; if it was deleted since, its epoch has changed. */
  get hasData(): boolean {
    return this.#hasData;
  }

  /** The epoch of the history when it was last read. */
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
    const isOther = this.#epoch !== undefined && this.#epoch !== known.epoch;
    this.#epoch = known.epoch;
    if (isOther) this.#onEpoch();
    return known;
  }

  /** Returns the newest version with its bytes; `undefined` if the cluster has no data. `known` is the head that was read last. */
  async current(known: Head): Promise<CurrentVersion | undefined> {
    let { epoch, latest } = known;
    for (let reads = 0; reads < maxReads; reads++) {
      if (latest === undefined) return undefined;
      const current = await this.#latest.of({ epoch, latest });
      if (current !== undefined) return current;
      ({ epoch, latest } = await this.read());
    }
    throw new CfluxError(
      'UNAVAILABLE',
      'the store failed: it does not contain the version that its head names as the newest; retry',
      {
        retryable: true,
        outcome: 'notApplied',
        retryAfter: 1_000,
      },
    );
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
