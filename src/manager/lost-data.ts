import { CfluxError, type Outcome } from '../errors.js';
import { noVersion } from '../protocol/version.js';
import type { ForeignEpoch, PushRequest } from '../transport/transport.js';
import type { Asker } from './audit.js';
import type { Deadlines } from './deadlines.js';
import type { Commit, ManagerStore } from './manager-store.js';
import { Recovery } from './recovery.js';

const retryAfterFailure = 1_000;

const unavailable = (message: string, retryAfter: number, outcome: Outcome) =>
  new CfluxError('UNAVAILABLE', message, { retryable: true, outcome, retryAfter });

export interface LostDataParts {
  readonly cluster: string;
  readonly store: ManagerStore;
  readonly deadlines: Deadlines;
  readonly monotonic: () => number;
  /** How long offers are collected, in milliseconds. */
  readonly collection: number;
  /** Runs `work` while nobody pushes. */
  readonly inTurn: (work: () => Promise<void>) => Promise<void>;
  readonly commit: (commit: Omit<Commit, 'author'>, asker: Asker) => Promise<unknown>;
  /** Something failed that nobody waits for. */
  readonly onError: (error: unknown) => void;
}

/** One cluster while it has no data: who comes with what it may have lost is asked to offer that (see recovery.ts). */
export class LostData {
  readonly #parts: LostDataParts;
  #recovery: Recovery | undefined;
  /** A collection ended without an offer: nobody who comes with a foreign epoch has data for us. */
  #nobodyOffered = false;

  constructor(parts: LostDataParts) {
    this.#parts = parts;
  }

  /** No offers are collected. */
  get isIdle(): boolean {
    return this.#recovery === undefined;
  }

  /** There is data, whosever it was. */
  end(): void {
    this.#nobodyOffered = false;
    this.close();
  }

  close(): void {
    this.#recovery?.close();
    this.#recovery = undefined;
  }

  /** The answer to a push; `undefined`: it is welcome. */
  async judgePush(request: PushRequest, asker: Asker, epoch: string): Promise<ForeignEpoch | undefined> {
    const { offer } = request;
    const foreign = await this.judge(request, epoch);
    if (foreign !== undefined) return foreign;
    if (offer !== undefined) {
      const { snapshot, mutation, nodeId } = request;
      const recovery = this.#collect();
      recovery.add({ version: offer.version, snapshot, mutation, nodeId, asker });
      throw unavailable(
        'this manager has no data for the cluster and collects what the nodes have',
        recovery.remaining ?? 0,
        'unknown',
      );
    }
    const remaining = this.#recovery?.remaining;
    if (remaining === undefined) return undefined;
    throw unavailable(
      'this manager has no data for the cluster and waits for the nodes that had some',
      remaining,
      'none',
    );
  }

  /** The answer to whoever comes with a history that this cluster does not have; `undefined`: nobody does. */
  async judge(
    request: Pick<PushRequest, 'epoch' | 'version' | 'offer'>,
    epoch: string,
  ): Promise<ForeignEpoch | undefined> {
    if (request.epoch === undefined) return undefined;
    let current = epoch;
    if (request.epoch === epoch) {
      if (request.version === noVersion || request.offer !== undefined) return undefined;
      // Our own epoch at a version that we never gave: the store was restored from before the first one.
      const { store, cluster } = this.#parts;
      await store.deleteCluster(cluster, request.version);
      current = (await store.head(cluster)).epoch;
    }
    if (!this.#nobodyOffered) this.#collect().meet(request.version);
    return { kind: 'foreignEpoch', epoch: current, version: noVersion };
  }

  #collect(): Recovery {
    const { deadlines, monotonic, collection, inTurn, onError } = this.#parts;
    this.#recovery ??= new Recovery(deadlines, {
      duration: collection,
      now: monotonic,
      end: () => void inTurn(() => this.#recover()).catch(onError),
    });
    return this.#recovery;
  }

  /** The collection is over: its best offer becomes the data. */
  async #recover(): Promise<void> {
    const recovery = this.#recovery;
    if (recovery === undefined) return;
    const { best, highest } = recovery;
    if (best === undefined) {
      this.#nobodyOffered = true;
      this.close();
      return;
    }
    const { cluster, commit } = this.#parts;
    const { snapshot, mutation, nodeId, asker } = best;
    try {
      await commit({ cluster, base: noVersion, above: highest, snapshot, mutation, nodeId }, asker);
      this.close();
    } catch (error) {
      recovery.prolong(retryAfterFailure);
      throw error;
    }
  }
}
