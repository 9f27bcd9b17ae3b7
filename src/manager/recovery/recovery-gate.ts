import type { Deadlines } from '../../async/deadlines.js';
import { CfluxError, type Outcome } from '../../errors.js';
import { noVersion } from '../../protocol/version.js';
import type { EpochMismatch, PushRequest } from '../../transport/transport.js';
import type { Requester } from '../audit.js';
import type { Commit, ManagerStore, NewHistory } from '../manager-store.js';
import { OfferCollection } from './offer-collection.js';
import type { OfferRoom } from './offer-room.js';

const retryAfterFailure = 1_000;

const unavailable = (message: string, retryAfter: number, outcome: Outcome) =>
  new CfluxError('UNAVAILABLE', message, { retryable: true, outcome, retryAfter });

export interface RecoveryGateParts {
  readonly cluster: string;
  readonly store: ManagerStore;
  readonly deadlines: Deadlines;
  readonly monotonic: () => number;
  /** How long offers are collected, in milliseconds. */
  readonly collection: number;
  readonly offerRoom: OfferRoom;
  /** Runs `work` while nobody pushes. */
  readonly inTurn: (work: () => Promise<void>) => Promise<void>;
  readonly commit: (commit: Omit<Commit, 'author'>, requester: Requester) => Promise<unknown>;
  /** Something failed that nobody waits for. */
  readonly onError: (error: unknown) => void;
}

/** One cluster while it has no data: who comes with what it may have lost is asked to offer that (see recovery.ts). */
export class RecoveryGate {
  readonly #parts: RecoveryGateParts;
  #recovery: OfferCollection | undefined;
  /** A collection ended without an offer: nobody who comes with another epoch has data for us. */
  #nobodyOffered = false;
  /** The history that the cluster's next version begins, and the stored epoch that it replaces. */
  #next: { readonly history: NewHistory; readonly insteadOf: string } | undefined;

  constructor(parts: RecoveryGateParts) {
    this.#parts = parts;
  }

  /** No offers are collected. */
  get isIdle(): boolean {
    return this.#recovery === undefined;
  }

  /** Milliseconds until the collection of offers ends; absent: none has begun. */
  get remaining(): number | undefined {
    return this.#recovery?.remaining;
  }

  /** There is data, whosever it was. */
  end(): void {
    this.#nobodyOffered = false;
    this.#next = undefined;
    this.close();
  }

  close(): void {
    this.#recovery?.close();
    this.#recovery = undefined;
  }

  /**
   * Takes note of the epoch that the store has for the cluster, and returns the one that counts: the next one, if the stored one is known
   * to belong to a history that was lost. The next epoch is stored with the first version, and until then only kept here.
   */
  epochOf(stored: string): string {
    if (this.#next?.insteadOf !== stored) this.#next = undefined;
    return this.#next?.history.epoch ?? stored;
  }

  /** How a push at `epoch` is stored as the first version. */
  firstVersion(epoch: string | undefined): Pick<Commit, 'epoch' | 'newHistory'> {
    const next = this.#next;
    if (next === undefined) return { epoch };
    return { epoch: epoch === next.history.epoch ? next.insteadOf : epoch, newHistory: next.history };
  }

  /** The response to a push; `undefined` if the push may be stored. `epoch` is the one that counts. */
  async judgePush(
    request: PushRequest,
    requester: Requester,
    epoch: string,
  ): Promise<EpochMismatch | undefined> {
    const { offer, snapshot, mutation, nodeId } = request;
    if (offer !== undefined) {
      // Any epoch will do: several managers on one store may collect at once, each with a next epoch of its own.
      if (offer.epoch === epoch) await this.#renew(epoch, offer.version);
      const recovery = this.#collect();
      recovery.add({ version: offer.version, snapshot, mutation, nodeId, requester });
      throw unavailable(
        'this manager has no data for the cluster and collects what the nodes have',
        recovery.remaining ?? 0,
        'unknown',
      );
    }
    const foreign = await this.mismatchFor(request, epoch);
    if (foreign !== undefined) return foreign;
    const { remaining } = this;
    if (remaining === undefined) return undefined;
    throw unavailable(
      'this manager has no data for the cluster and waits for the nodes that had some',
      remaining,
      'notApplied',
    );
  }

  /**
   * The response to a request that names a history which this cluster does not have; `undefined` if it names none. It starts the collection,
   * unless `mayCollect` is false: a reader has nothing to offer.
   */
  async mismatchFor(
    request: Pick<PushRequest, 'epoch' | 'version'>,
    epoch: string,
    mayCollect = true,
  ): Promise<EpochMismatch | undefined> {
    if (request.epoch === undefined) return undefined;
    const isOurs = request.epoch === epoch;
    if (isOurs && request.version === noVersion) return undefined;
    if (!mayCollect) return { kind: 'epochMismatch', epoch, version: noVersion };
    // Our own epoch at a version that we never gave: the store was restored from before the first one.
    const current = isOurs ? await this.#renew(epoch, request.version) : epoch;
    if (!this.#nobodyOffered) this.#collect().meet(request.version);
    return { kind: 'epochMismatch', epoch: current, version: noVersion };
  }

  /** The epoch that takes the place of `epoch`, at which some node had `version`. */
  async #renew(epoch: string, version: number): Promise<string> {
    const { store, cluster } = this.#parts;
    const minVersion = Math.max(version, this.#next?.history.generation ?? noVersion);
    const history = await store.newHistory?.(cluster, minVersion);
    if (history === undefined) return epoch;
    const next = this.#next;
    // Another request was first.
    if (next !== undefined && next.history.epoch !== epoch) return next.history.epoch;
    this.#next = { history, insteadOf: next?.insteadOf ?? epoch };
    return history.epoch;
  }

  #collect(): OfferCollection {
    const { deadlines, monotonic, collection, offerRoom, inTurn, onError } = this.#parts;
    this.#recovery ??= new OfferCollection(deadlines, {
      duration: collection,
      now: monotonic,
      room: offerRoom,
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
    const { snapshot, mutation, nodeId, requester } = best;
    try {
      const newHistory = this.#next?.history;
      await commit(
        { cluster, base: noVersion, minVersion: highest, snapshot, mutation, nodeId, newHistory },
        requester,
      );
      this.close();
    } catch (error) {
      recovery.endIn(retryAfterFailure);
      throw error;
    }
  }
}
