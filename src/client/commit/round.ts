import type { Clock } from '../../clock.js';
import { debugLog } from '../../debug-log.js';
import { CfluxError } from '../../errors.js';
import { equalMetadata } from '../../meta/equal-metadata.js';
import type { MetaData } from '../../meta/records.js';
import type { NewDropOrder } from '../../protocol/drop-orders.js';
import { type Random, randomUuid } from '../../random.js';
import type { CallOptions, Transport } from '../../transport/transport.js';
import type { Reconciler } from '../follow/reconciler.js';
import type { Staleness } from '../follow/staleness.js';
import type { MetaClientAdapter, WorkingCopy } from '../local/meta-client-adapter.js';
import type { Position } from '../local/position.js';
import type { Replica } from '../local/replica.js';
import type { CfluxEvents, Emit } from '../observe/events.js';
import { applyAll } from './apply-all.js';
import { type Attempt, ordersOf } from './attempt.js';
import { appliedOf, type Batch } from './batch.js';
import { type PushOutcome, sendPush } from './classify-push.js';
import type { OperationScope } from './operation-scope.js';
import type { PendingMutation } from './pending-mutation.js';
import { unknownOutcome } from './push-outcome.js';
import { PushedMetadata } from './pushed-metadata.js';

const debug = debugLog('cflux:commit');

/** Maximum time to resend a push, because managers remember mutation ids for at least ten minutes (R27). */
const maxPushTime = 300_000;

export interface RoundParts<M> {
  readonly adapter: MetaClientAdapter<M>;
  readonly replica: Replica<M>;
  readonly reconciler: Reconciler<M>;
  readonly staleness: Staleness;
  readonly transport: Transport;
  readonly scope: OperationScope<M>;
  readonly cluster: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: Emit;
  /** Takes back mutations that do not fit into the push of a round, for the next one. */
  readonly postpone: (mutations: readonly PendingMutation<M>[]) => void;
  /** Called before each push. */
  readonly onPush: () => void;
  /** Called when a push may have been stored without this node knowing it. */
  readonly onUnknownOutcome: () => void;
  /** Called with the error of a request before the mutations are rejected. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * The result of a round. `again`: the mutations must be applied to newer metadata. `without`: they must be applied again without the
 * mutations that were rejected before the snapshot was sent.
 */
export type RoundEnd = 'settled' | 'again' | 'without';

/** The result of applying a batch. */
interface Work<M> {
  readonly copy: WorkingCopy<M>;
  readonly attempts: readonly Attempt[];
  readonly data: MetaData;
}

/** One attempt to commit a batch: applies it to the node's metadata, pushes the snapshot, and settles it or adopts newer metadata. */
export class Round<M> {
  readonly #parts: RoundParts<M>;
  readonly #batch: Batch<M>;
  readonly #number: number;
  readonly #signal: AbortSignal;

  /** @param options `number` counts the rounds of a batch from 1; `signal` also aborts the request */
  constructor(
    parts: RoundParts<M>,
    { batch, number, signal }: { batch: Batch<M>; number: number; signal: AbortSignal },
  ) {
    this.#parts = parts;
    this.#batch = batch;
    this.#number = number;
    this.#signal = signal;
  }

  async run(): Promise<RoundEnd> {
    const { replica, reconciler, staleness, adapter, scope } = this.#parts;
    if (staleness.isStale) await reconciler.catchUp(this.#limits);
    await replica.checkDivergence();
    const base = await replica.accepted();
    const copy = await adapter.begin((found) => replica.keepDiverged(found));
    try {
      const attempts = await applyAll(copy, this.#batch, { scope, signal: this.#signal });
      this.#signal.throwIfAborted();
      const { mutations } = this.#batch;
      if (attempts.length < mutations.length) this.#parts.postpone(this.#batch.cut(attempts.length));
      if (this.#batch.isSettled) return 'settled';
      const data = await copy.data();
      // An order counts even if the metadata came out equal.
      if (!equalMetadata(data, base) || ordersOf(attempts).length > 0)
        return await this.#push({ copy, attempts, data });
      await this.#discard(copy);
      // A failure, or no change, counts only on the newest metadata (R4).
      if (await reconciler.catchUp(this.#limits)) return 'again';
      this.#batch.settle(attempts, replica.position);
      return 'settled';
    } finally {
      // Has no effect if the copy was already accepted or discarded.
      await this.#discard(copy);
    }
  }

  async #push(work: Work<M>): Promise<RoundEnd> {
    const { replica, reconciler, transport, cluster, random, emit } = this.#parts;
    const before = replica.position;
    const { version, epoch } = before;
    const pushed = new PushedMetadata(work.data, replica.deltaBase);
    const mutation = randomUuid(random);
    this.#signal.throwIfAborted();
    if (!this.#batch.beginSending(work.attempts)) return 'without';
    this.#parts.onPush();
    debug('round %d: pushing %d bytes on version %d', this.#number, pushed.size, version);
    const { nodeId, instance, acceptsDelta } = replica;
    const orders = ordersOf(work.attempts);
    const drops = orders.length === 0 ? undefined : { orders };
    const request = {
      cluster,
      version,
      mutation,
      epoch,
      nodeId,
      instance,
      acceptsDelta,
      drops,
      get snapshot() {
        return pushed.snapshot;
      },
      get delta() {
        return pushed.delta;
      },
    };
    const outcome = await sendPush(transport, request, { ...this.#limits, base: before });
    debug('%s', outcome.kind);
    if (outcome.kind === 'stored') {
      if (orders.length > 0) this.#noteOrders(work, outcome, { orders, mutation });
      const { form } = outcome;
      await this.#stored(work, outcome.position, { bytes: pushed.size, orders: orders.length, form });
      return 'settled';
    }
    // Before the callers are notified, because a rejected change must not be in the wrapped client's data (R3).
    await this.#discard(work.copy);
    if (outcome.kind === 'conflict') {
      emit('conflict', { version: outcome.newest.version, previousVersion: version, round: this.#number });
    }
    if (outcome.kind === 'failed') this.#parts.onFailed(outcome.error);
    if (outcome.mayBeStored) {
      this.#batch.rollBack(
        work.attempts,
        unknownOutcome(outcome.kind === 'failed' ? outcome.error : undefined),
      );
      this.#parts.onUnknownOutcome();
      return 'settled';
    }
    if (outcome.kind === 'failed') {
      this.#batch.rollBack(work.attempts, outcome.error);
      return 'settled';
    }
    this.#batch.endSending();
    switch (outcome.kind) {
      case 'epochMismatch':
        await reconciler.onEpochMismatch(outcome.history, this.#limits);
        return 'again';
      case 'conflict':
        if (await reconciler.apply(outcome.newest, this.#limits)) return 'again';
        // The delta was not usable, and the manager has nothing newer: the next response will have no delta.
        if (outcome.newest.snapshot === undefined) return 'again';
        throw new CfluxError('BAD_ANSWER', `the manager refused version ${version}, its own`, {
          outcome: 'notApplied',
        });
    }
  }

  async #stored(
    { copy, attempts, data }: Work<M>,
    position: Position,
    pushed: Pick<CfluxEvents['pushed'][0], 'bytes' | 'orders' | 'form'>,
  ): Promise<void> {
    const { replica, emit } = this.#parts;
    const { version: previousVersion, epoch: previousEpoch } = replica.position;
    const { version, epoch } = position;
    await this.#install(data, position, copy);
    const mutations = appliedOf(attempts);
    emit('pushed', { version, previousVersion, mutations, rounds: this.#number, ...pushed });
    // The manager had lost its data, and stored the node's metadata as its first version.
    if (version <= previousVersion || (previousEpoch ?? epoch) !== epoch) {
      emit('epochChanged', { previousEpoch, epoch, previousVersion, version, seeded: true });
    }
    this.#batch.settle(attempts, position);
  }

  #noteOrders(
    { attempts }: Work<M>,
    { position, hasDrops }: PushOutcome & { readonly kind: 'stored' },
    { orders, mutation }: { readonly orders: readonly NewDropOrder[]; readonly mutation: string },
  ): void {
    const stored = hasDrops === true;
    const { version } = position;
    if (!stored) this.#parts.emit('dropOrdersIgnored', { version, orders });
    this.#batch.noteOrders(attempts, { stored, version, mutation });
  }

  /** Installs an accepted version. A node that cannot store it stays at its old version, and its sync loop retries. */
  async #install(data: MetaData, position: Position, copy: WorkingCopy<M>): Promise<void> {
    const { replica, staleness } = this.#parts;
    try {
      await replica.install(data, position, () => copy.accept(), { isExact: true });
    } catch (error) {
      staleness.mark();
      this.#storageFailed(error);
      this.#parts.onUnknownOutcome();
    }
  }

  /** Removes the changes from the wrapped client. If that fails, they are detected before the next round (R1). */
  async #discard(copy: WorkingCopy<M>): Promise<void> {
    try {
      await copy.discard();
    } catch (error) {
      this.#storageFailed(error);
    }
  }

  #storageFailed(cause: unknown): void {
    const error = CfluxError.from(cause, 'STORAGE_FAILED');
    this.#parts.emit('syncFailed', { error, failures: 1, retryIn: 0 });
  }

  /** A request may take until the latest deadline of the batch. */
  get #limits(): CallOptions & { timeout: number } {
    const timeLeft = this.#batch.deadline - this.#parts.clock.monotonic();
    return { signal: this.#signal, timeout: Math.min(Math.max(timeLeft, 1), maxPushTime) };
  }
}
