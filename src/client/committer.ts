import { type Clock, sleep } from '../clock.js';
import { debugLog } from '../debug-log.js';
import { CfluxError, isCfluxError } from '../errors.js';
import { encodeMetadata } from '../meta/codec/encode-metadata.js';
import { equalMetadata } from '../meta/equal-metadata.js';
import type { MetaData } from '../meta/records.js';
import { type Random, randomUuid } from '../random.js';
import { restate } from '../transport/restate.js';
import type { CallOptions, PushResult, Transport } from '../transport/transport.js';
import { type Attempt, applyAll } from './apply-all.js';
import type { Emit } from './events.js';
import { TooSoon } from './history-pace.js';
import type { Holder, WorkingCopy } from './holder.js';
import type { MutationQueue } from './mutation-queue.js';
import type { OperationScope } from './operation-scope.js';
import type { PendingMutation } from './pending-mutation.js';
import type { Position } from './position.js';
import {
  closedWhileUndecided,
  isOurs,
  notJudged,
  tooLate,
  unknownOutcome,
  wentBack,
} from './push-outcome.js';
import type { Reconciler } from './reconciler.js';
import type { Replica } from './replica.js';

const debug = debugLog('cflux:commit');

/** A push is sent again for less than this, for managers remember mutation ids for ten minutes at least (R27). */
const longestPush = 300_000;

export interface CommitterParts<M> {
  readonly queue: MutationQueue<M>;
  readonly holder: Holder<M>;
  readonly replica: Replica<M>;
  readonly reconciler: Reconciler<M>;
  readonly transport: Transport;
  readonly scope: OperationScope<M>;
  readonly cluster: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: Emit;
  /** Called before each push. */
  readonly onPush: () => void;
  /** A push may have been stored without this node's knowing. */
  readonly onUnknownOutcome: () => void;
}

/** How a round ended for the changes in it; `again`: another node was first. */
type RoundEnd = 'settled' | 'again';

/**
 * Turns waiting changes into versions of the cluster: applies all of them to the metadata that the node has, pushes the
 * outcome as one snapshot, and where another node was first, adopts that node's metadata and starts over.
 */
export class Committer<M> {
  readonly #parts: CommitterParts<M>;

  constructor(parts: CommitterParts<M>) {
    this.#parts = parts;
  }

  /**
   * Commits what waits, until all of it is settled. The caller holds the writer lock (R1). `signal`: give up, on the wire too.
   *
   * @returns milliseconds until what waits now may be tried again: the manager changes its history too often to be followed
   */
  async commit(signal: AbortSignal): Promise<number> {
    const { queue, clock, random } = this.#parts;
    let batch: PendingMutation<M>[] = [];
    for (let round = 1; ; round++) {
      // Whoever came while we lost goes along (R7).
      batch = this.#withoutAbandoned([...batch, ...queue.takeAll()], round);
      if (batch.length === 0) return 0;
      try {
        if ((await this.#round(batch, round, signal)) === 'settled') return 0;
        // Our manager gives the loser a turn (R26); with others, losing again and again wants some distance.
        if (round > 3) await sleep(clock, random() * Math.min(2 ** round, 250), signal);
      } catch (error) {
        if (error instanceof TooSoon && !signal.aborted) {
          queue.obstacle = error;
          queue.putBack(batch);
          return error.wait;
        }
        this.#rejectAll(batch, signal.aborted ? closedWhileUndecided() : error);
        return 0;
      }
    }
  }

  #withoutAbandoned(batch: PendingMutation<M>[], round: number): PendingMutation<M>[] {
    const now = this.#parts.clock.monotonic();
    return batch.filter((mutation) => {
      const reason = mutation.abandonedBecause(now, () => tooLate(round - 1));
      if (reason === undefined) return true;
      mutation.reject(reason);
      return false;
    });
  }

  async #round(batch: readonly PendingMutation<M>[], round: number, signal: AbortSignal): Promise<RoundEnd> {
    const { replica, reconciler, holder, scope, clock } = this.#parts;
    if (reconciler.isStale) await reconciler.catchUp(this.#limits(batch, signal));
    await replica.checkDivergence();
    const base = await replica.accepted();
    const copy = await holder.begin((found) => replica.keepDiverged(found));
    try {
      const attempts = await applyAll(copy, batch, { scope, clock, signal });
      const data = await copy.data();
      if (equalMetadata(data, base)) {
        await this.#discard(copy);
        // On old metadata a failure or a change of nothing proves nothing (R4).
        if (await reconciler.catchUp(this.#limits(batch, signal))) return 'again';
        settle(batch, attempts);
        return 'settled';
      }
      return await this.#push({ batch, attempts, copy, data, round, signal });
    } finally {
      // Does nothing where the copy was accepted, or is discarded already.
      await this.#discard(copy);
    }
  }

  /** Takes the changes out of the wrapped client. Where it cannot be written they are found there before the next round (R1). */
  async #discard(copy: WorkingCopy<M>): Promise<void> {
    try {
      await copy.discard();
    } catch (error) {
      this.#parts.emit('syncFailed', {
        error: CfluxError.from(error, 'STORAGE_FAILED'),
        failures: 1,
        retryIn: 0,
      });
    }
  }

  async #push(work: {
    batch: readonly PendingMutation<M>[];
    attempts: readonly Attempt[];
    copy: WorkingCopy<M>;
    data: MetaData;
    round: number;
    signal: AbortSignal;
  }): Promise<RoundEnd> {
    const { replica, reconciler, transport, cluster, random, emit } = this.#parts;
    const { batch, attempts, copy, data, round, signal } = work;
    const before = replica.position;
    const snapshot = encodeMetadata(data);
    const mutation = randomUuid(random);
    signal.throwIfAborted();
    this.#parts.onPush();
    debug('round %d: pushing %d bytes on version %d', round, snapshot.length, before.version);
    let result: PushResult;
    try {
      result = await transport.push(
        { cluster, version: before.version, snapshot, mutation, epoch: before.epoch, nodeId: replica.nodeId },
        this.#limits(batch, signal),
      );
    } catch (error) {
      // Before anybody is told: what was rejected is not in the wrapped client's data (R3).
      await this.#discard(copy);
      this.#rollBack(
        batch,
        attempts,
        // Whoever closes the client does not know what became of the request (R13).
        isCfluxError(error) && error.outcome === 'none' && !signal.aborted ? error : unknownOutcome(error),
      );
      return 'settled';
    }

    debug('%s', result.kind);
    if (result.kind === 'foreignEpoch') {
      await this.#discard(copy);
      if (result.answerLost === true) {
        // It may be part of the history that the manager lost, and come back with it.
        this.#rollBack(batch, attempts, unknownOutcome());
        return 'settled';
      }
      await reconciler.meetEpoch(result, this.#limits(batch, signal));
      return 'again';
    }
    if (result.kind === 'committed' && wentBack(before, result)) {
      await this.#discard(copy);
      const message = `the manager says that it stored version ${result.version} on top of ${before.version}`;
      this.#rollBack(batch, attempts, unknownOutcome(new CfluxError('BAD_ANSWER', message)));
      return 'settled';
    }
    if (result.kind === 'committed' || isOurs(result, mutation, snapshot)) {
      const epoch = result.epoch ?? before.epoch;
      // A manager that does not speak of epochs does not keep mutations.
      const accepted = {
        version: result.version,
        epoch,
        mutation: epoch === undefined ? undefined : mutation,
      };
      await this.#store(data, accepted, copy);
      const held = attempts.filter((attempt) => 'result' in attempt).length;
      const { version } = accepted;
      emit('pushed', {
        version,
        previousVersion: before.version,
        mutations: held,
        rounds: round,
        bytes: snapshot.length,
      });
      // It had lost everything, and took what the node had for its first version.
      if (version <= before.version || (before.epoch ?? epoch) !== epoch) this.#tellSeeded(before, accepted);
      settle(batch, attempts);
      return 'settled';
    }
    await this.#discard(copy);
    emit('conflict', { version: result.version, previousVersion: before.version, round });
    if (result.answerLost === true && result.mutation === undefined) {
      // This manager cannot tell whether the version before the one it shows was ours: applying again might do it twice.
      this.#rollBack(batch, attempts, unknownOutcome());
      return 'settled';
    }
    if (!(await reconciler.absorb(result))) {
      throw new CfluxError('BAD_ANSWER', `the manager refused version ${before.version}, its own`, {
        outcome: 'none',
      });
    }
    return 'again';
  }

  #tellSeeded(before: Position, { version, epoch }: Position): void {
    const { version: previousVersion, epoch: previousEpoch } = before;
    this.#parts.emit('epochChanged', { previousEpoch, epoch, previousVersion, version, seeded: true });
  }

  /** A request may take as long as somebody in the batch still waits for it. */
  #limits(batch: readonly PendingMutation<M>[], signal: AbortSignal): CallOptions & { timeout: number } {
    // One by one: an argument list is limited, a batch is not.
    const latest = batch.reduce((max, { deadline }) => Math.max(max, deadline), 0);
    const timeLeft = latest - this.#parts.clock.monotonic();
    return { signal, timeout: Math.min(Math.max(timeLeft, 1), longestPush) };
  }

  /** The cluster has accepted it. A node that cannot store it stays at its old version, and its sync loop tries again. */
  async #store(data: MetaData, position: Replica<M>['position'], copy: WorkingCopy<M>): Promise<void> {
    const { replica, reconciler, emit } = this.#parts;
    try {
      await replica.install(data, position, () => copy.accept());
    } catch (error) {
      reconciler.markStale();
      emit('syncFailed', { error: CfluxError.from(error, 'STORAGE_FAILED'), failures: 1, retryIn: 0 });
      this.#parts.onUnknownOutcome();
    }
  }

  #rollBack(batch: readonly PendingMutation<M>[], attempts: readonly Attempt[], error: CfluxError): void {
    const applied = attempts.filter((attempt) => 'result' in attempt).length;
    batch.forEach((mutation, i) => {
      const attempt = attempts[i];
      // A change that failed is not in the snapshot, but neither was it judged against the newest metadata.
      const inSnapshot = attempt !== undefined && 'result' in attempt;
      mutation.reject(inSnapshot || error.outcome === 'none' ? error : notJudged(error));
    });
    this.#parts.emit('rolledBack', { error, mutations: applied });
    if (error.outcome !== 'none') this.#parts.onUnknownOutcome();
  }

  /** Nothing was sent, or what was sent was certainly not stored. */
  #rejectAll(batch: readonly PendingMutation<M>[], cause: unknown): void {
    // What the transport does not know of its own request, a poll, is nothing to whoever asked for a change.
    const isOpen = isCfluxError(cause) && cause.outcome !== 'none';
    const error = isOpen ? restate(cause, { outcome: 'none' }) : cause;
    for (const mutation of batch) mutation.reject(error);
    this.#parts.emit('rolledBack', { error: CfluxError.from(error), mutations: batch.length });
  }
}

function settle<M>(batch: readonly PendingMutation<M>[], attempts: readonly Attempt[]): void {
  batch.forEach((mutation, i) => {
    const attempt = attempts[i];
    if (attempt === undefined) return;
    if ('error' in attempt) mutation.reject(attempt.error);
    else mutation.resolve(attempt.result);
  });
}
