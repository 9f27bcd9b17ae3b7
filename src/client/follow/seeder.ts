import { sleep } from '../../async/sleep.js';
import type { Clock } from '../../clock.js';
import { encodeMetadata } from '../../meta/codec/encode-metadata.js';
import type { MetaData } from '../../meta/records.js';
import { noVersion } from '../../protocol/version.js';
import { type Random, randomUuid } from '../../random.js';
import type { CallOptions, Snapshot, SnapshotDelta, Transport } from '../../transport/transport.js';
import { pauseAfterConflicts } from '../backoff.js';
import { type PushOutcome, sendPush } from '../commit/classify-push.js';
import { unknownOutcome } from '../commit/push-outcome.js';
import { type Position, positionOf } from '../local/position.js';
import type { Replica } from '../local/replica.js';
import type { Emit } from '../observe/events.js';
import { unsettledHistoryError } from '../refusals.js';
import type { StateMachine } from '../state.js';
import type { SnapshotFetcher } from './snapshot-fetcher.js';

export interface SeederParts<M> {
  readonly replica: Replica<M>;
  readonly transport: Transport;
  readonly fetcher: SnapshotFetcher<M>;
  readonly cluster: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: Emit;
  readonly state: StateMachine;
}

/** Pushes the node's metadata unchanged: to a manager without data, or as a replacement of the manager's. */
export class Seeder<M> {
  readonly #parts: SeederParts<M>;
  #offered: { readonly data: MetaData; readonly mutation: string; readonly base: Position } | undefined;

  constructor(parts: SeederParts<M>) {
    this.#parts = parts;
  }

  /**
   * Seeds a manager without data.
   *
   * @returns the snapshot of another node that seeded first; `undefined` if the node's was stored
   */
  async seed(epoch: string | undefined, limits: CallOptions): Promise<Snapshot | undefined> {
    const data = await this.#parts.replica.accepted();
    const outcome = await this.#push(data, { version: noVersion, epoch }, limits);
    switch (outcome.kind) {
      case 'stored':
        await this.#seeded(data, outcome.position);
        return undefined;
      // Displaced metadata is backed up, so it does not matter whether ours was stored before.
      case 'conflict':
        return this.#wholeOf(outcome.newest, limits);
      case 'epochMismatch':
        throw unsettledHistoryError(outcome.mayBeStored ? 'unknown' : 'notApplied');
      case 'failed':
        throw outcome.error;
    }
  }

  /** Makes the node's metadata the cluster's next version, replacing the manager's. */
  async reseed(limits: CallOptions): Promise<void> {
    const { replica, fetcher, clock, random } = this.#parts;
    let newest = await fetcher.fetchNewest(undefined, limits);
    for (let round = 1; ; round++) {
      const base = newest ? positionOf(newest) : { version: noVersion };
      const data = await replica.accepted();
      const outcome = await this.#push(data, base, limits);
      if (outcome.kind === 'stored') {
        await this.#seeded(data, outcome.position);
        return;
      }
      if (outcome.kind === 'failed') throw outcome.error;
      // If it was stored, another push would overwrite changes that other nodes made since.
      if (outcome.mayBeStored) throw unknownOutcome();
      newest =
        outcome.kind === 'conflict'
          ? await this.#wholeOf(outcome.newest, limits)
          : await fetcher.fetchNewest(outcome.history.epoch, limits);
      const pause = pauseAfterConflicts(round, random);
      if (pause > 0) await sleep(clock, pause, limits.signal);
    }
  }

  /** Returns the snapshot in a conflict; fetches it if the transport returned a delta, which was not asked for. */
  async #wholeOf(newest: Snapshot | SnapshotDelta, limits: CallOptions): Promise<Snapshot | undefined> {
    return newest.snapshot === undefined ? this.#parts.fetcher.fetchNewest(newest.epoch, limits) : newest;
  }

  #push(data: MetaData, base: Position, limits: CallOptions): Promise<PushOutcome> {
    const { replica, transport, cluster, random } = this.#parts;
    // A manager that collects offers recognizes an offer by its mutation id (R11).
    if (this.#offered?.data !== data) this.#offered = { data, mutation: randomUuid(random), base };
    const { mutation, base: firstBase } = this.#offered;
    const request = {
      cluster,
      version: base.version,
      snapshot: encodeMetadata(data),
      mutation,
      epoch: base.epoch,
      nodeId: replica.nodeId,
      instance: replica.instance,
      offer: replica.offer,
    };
    return sendPush(transport, request, { ...limits, base: firstBase });
  }

  /** Records that the manager stored the node's metadata, which the wrapped client has already. */
  async #seeded(data: MetaData, position: Position): Promise<void> {
    const { replica, emit, state } = this.#parts;
    const before = replica.position;
    const { version, epoch } = position;
    // A manager that reported a loss but recognizes its version now did not change.
    if (before.version !== version || before.epoch !== epoch) {
      await replica.install(data, position, async () => undefined, { isExact: true });
      const previousVersion = before.version;
      if (previousVersion !== noVersion) {
        emit('epochChanged', { previousEpoch: before.epoch, epoch, previousVersion, version, seeded: true });
      }
      emit('synced', { version, previousVersion, epoch, form: 'snapshot' });
    }
    state.enter('online');
  }
}
