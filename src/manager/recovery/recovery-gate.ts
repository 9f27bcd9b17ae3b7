import type { Deadlines } from '../../async/deadlines.js';
import { CfluxError, type Outcome } from '../../errors.js';
import { noVersion } from '../../protocol/version.js';
import type { EpochMismatch, PushRequest } from '../../transport/transport.js';
import type { Requester } from '../audit.js';
import type { Commit, ManagerStore, NewHistory } from '../manager-store.js';
import type { ManagerPush } from '../pushes/manager-push.js';
import type { NewVersion } from '../versions/new-version.js';
import { SharedBytes } from '../versions/shared-bytes.js';
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
  /** Runs `work` while no push runs. */
  readonly whileNoPush: (work: () => Promise<void>) => Promise<void>;
  readonly commit: (version: NewVersion, requester: Requester) => Promise<unknown>;
  /** An operation failed that no request waits for. */
  readonly onError: (error: unknown) => void;
}

/** Gate for one cluster while it has no data: nodes that had data are asked to offer it (see offer-collection.ts). */
export class RecoveryGate {
  readonly #parts: RecoveryGateParts;
  #recovery: OfferCollection | undefined;
  /** A collection ended without an offer: nodes with another epoch have no data to offer. */
  #endedEmpty = false;
  /** The history that the cluster's next version begins, and the stored epoch that it replaces. */
  #next: { readonly history: NewHistory; readonly insteadOf: string } | undefined;

  constructor(parts: RecoveryGateParts) {
    this.#parts = parts;
  }

  /** No offers are being collected. */
  get isIdle(): boolean {
    return this.#recovery === undefined;
  }

  /** Milliseconds until the collection of offers ends; undefined if none has begun. */
  get remaining(): number | undefined {
    return this.#recovery?.remaining;
  }

  /** Ends recovery: the cluster has data, whatever its origin. */
  end(): void {
    this.#endedEmpty = false;
    this.#next = undefined;
    this.close();
  }

  close(): void {
    this.#recovery?.close();
    this.#recovery = undefined;
  }

  /**
   * Records the epoch that the store has for the cluster, and returns the effective one: the next epoch, if the stored one belongs to a
   * lost history. The next epoch is kept in memory, and stored with the first version.
   */
  epochOf(stored: string): string {
    if (this.#next?.insteadOf !== stored) this.#next = undefined;
    return this.#next?.history.epoch ?? stored;
  }

  /** Returns the fields with which a push at `epoch` is stored as the first version. */
  firstVersion(epoch: string | undefined): Pick<Commit, 'epoch' | 'newHistory'> {
    const next = this.#next;
    if (next === undefined) return { epoch };
    return { epoch: epoch === next.history.epoch ? next.insteadOf : epoch, newHistory: next.history };
  }

  /** Returns the response to a push; `undefined` if it may be stored. `epoch` is the effective one. */
  async checkPush(
    request: ManagerPush,
    requester: Requester,
    epoch: string,
  ): Promise<EpochMismatch | undefined> {
    const { offer, snapshot, mutation, nodeId } = request;
    if (offer !== undefined && snapshot !== undefined) {
      // Any epoch is accepted: several managers on one store may collect at once, each with a next epoch of its own.
      if (offer.epoch === epoch) await this.#renew(epoch, offer.version);
      const recovery = this.#collect();
      recovery.add({ version: offer.version, snapshot, mutation, nodeId, requester });
      throw unavailable(
        'this manager has no data for the cluster and collects the metadata of the nodes: retry later',
        recovery.remaining ?? 0,
        'unknown',
      );
    }
    const foreign = await this.mismatchFor(request, epoch);
    if (foreign !== undefined) return foreign;
    const { remaining } = this;
    if (remaining === undefined) return undefined;
    throw unavailable(
      'this manager has no data for the cluster and waits for nodes that have some: retry later',
      remaining,
      'notApplied',
    );
  }

  /**
   * Returns the response to a request that names a history which this cluster does not have; `undefined` if it names none. Starts the
   * collection, unless `mayCollect` is false: a read-only client has nothing to offer.
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
    // Our own epoch at a version that was never assigned: the store was restored from a backup before the first one.
    const current = isOurs ? await this.#renew(epoch, request.version) : epoch;
    if (!this.#endedEmpty) this.#collect().meet(request.version);
    return { kind: 'epochMismatch', epoch: current, version: noVersion };
  }

  /** Returns the epoch that replaces `epoch`, at which a node had `version`. */
  async #renew(epoch: string, version: number): Promise<string> {
    const { store, cluster } = this.#parts;
    const minVersion = Math.max(version, this.#next?.history.generation ?? noVersion);
    const history = await store.newHistory?.(cluster, minVersion);
    if (history === undefined) return epoch;
    const next = this.#next;
    // Another request replaced it first.
    if (next !== undefined && next.history.epoch !== epoch) return next.history.epoch;
    this.#next = { history, insteadOf: next?.insteadOf ?? epoch };
    return history.epoch;
  }

  #collect(): OfferCollection {
    const { deadlines, monotonic, collection, offerRoom, whileNoPush, onError } = this.#parts;
    this.#recovery ??= new OfferCollection(deadlines, {
      duration: collection,
      now: monotonic,
      room: offerRoom,
      end: () => void whileNoPush(() => this.#recover()).catch(onError),
    });
    return this.#recovery;
  }

  /** The collection has ended: stores its best offer. */
  async #recover(): Promise<void> {
    const recovery = this.#recovery;
    if (recovery === undefined) return;
    const { best, highest } = recovery;
    if (best === undefined) {
      this.#endedEmpty = true;
      this.close();
      return;
    }
    const { cluster, commit } = this.#parts;
    const { mutation, nodeId, requester } = best;
    const snapshot = SharedBytes.of(best.snapshot);
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
