import type { Clock } from '../../../../clock.js';
import { CfluxError, isCfluxError } from '../../../../errors.js';
import { isLeaseGone } from '../api/etcd-errors.js';
import type { RangeResponse, TxnResponse } from '../api/kv-messages.js';
import { etcd } from '../api/methods.js';
import { type EtcdConnection, patient } from '../connect/connection.js';
import type { Keys } from '../keys.js';
import type { LivenessLog } from './liveness-log.js';
import { NodeBatch, type NodeChange } from './node-batch.js';
import type { ProgressUpdate } from './progress-updates.js';
import type { RegistrationCache } from './registration-cache.js';

/** A client gives a heartbeat 1.5 s before it tries another manager: a hanging member is abandoned before that. */
const limits = { ...patient, attemptTimeout: 1_000 };

/** Maximum pending progress updates of a cluster. More are dropped, because the next heartbeats repeat them. */
const maxHeard = 50_000;

export interface NodeUpdateBatcherParts {
  readonly connection: EtcdConnection;
  readonly keys: Keys;
  readonly log: LivenessLog;
  readonly registrations: RegistrationCache;
  /** Called with the records of other managers. */
  readonly onFresh: (fresh: RangeResponse) => void;
  /** Called with whether a batch was stored. */
  readonly onStored: (isStored: boolean) => void;
  readonly clock: Clock;
}

/**
 * Collects liveness changes and stores them together: as one record, in one transaction. So the heartbeats of ten thousand nodes are a
 * few small writes per second.
 */
export class NodeUpdateBatcher {
  readonly #parts: NodeUpdateBatcherParts;
  readonly #interval: number;
  #batches: NodeBatch[] = [];
  /** Progress that waits for the next change. */
  readonly #update = new Map<string, Map<string, ProgressUpdate>>();
  #isStoring = false;
  #cancelTimer: (() => void) | undefined;
  /** When the last transaction began. */
  #begunAt = Number.NEGATIVE_INFINITY;

  /** @param interval milliseconds between transactions, unless a batch is full */
  constructor(parts: NodeUpdateBatcherParts, interval: number) {
    this.#parts = parts;
    this.#interval = interval;
  }

  /** Resolves when the change is stored, with whether the node exists. */
  record(change: NodeChange): Promise<boolean> {
    let batch = this.#batches.at(-1);
    if (batch === undefined || batch.isFull) {
      batch = new NodeBatch();
      this.#batches.push(batch);
    }
    const stored = batch.add(change);
    this.#arm();
    return stored;
  }

  /** Adds progress to the next batch, without causing a write. */
  addProgress(cluster: string, update: ProgressUpdate): void {
    const words = this.#update.get(cluster) ?? new Map<string, ProgressUpdate>();
    this.#update.set(cluster, words);
    words.set(`${update.nodeId} ${update.progress.instance ?? ''}`, update);
    if (words.size > maxHeard) words.clear();
  }

  close(reason: CfluxError): void {
    this.#cancelTimer?.();
    const batches = this.#batches;
    this.#batches = [];
    for (const batch of batches) batch.fail(reason);
  }

  #arm(): void {
    if (this.#isStoring || this.#cancelTimer || this.#batches.length === 0) return;
    const due = this.#batches.length > 1 ? 0 : this.#begunAt + this.#interval;
    const pause = due - this.#parts.clock.monotonic();
    const go = () => {
      this.#cancelTimer = undefined;
      void this.#storeNext();
    };
    if (pause > 0) this.#cancelTimer = this.#parts.clock.after(pause, go);
    else {
      // Changes of the same turn of the event loop join the batch.
      const immediate = setImmediate(go);
      this.#cancelTimer = () => clearImmediate(immediate);
    }
  }

  async #storeNext(): Promise<void> {
    const batch = this.#batches.shift();
    if (batch === undefined) return;
    for (const [cluster, words] of this.#update)
      for (const update of words.values()) batch.addProgress(cluster, update);
    this.#update.clear();
    this.#isStoring = true;
    this.#begunAt = this.#parts.clock.monotonic();
    try {
      await this.#store(batch);
      this.#parts.onStored(true);
    } catch (error) {
      const halves = isCfluxError(error, 'TOO_LARGE') ? batch.halves() : undefined;
      if (halves) this.#batches.unshift(...halves);
      else {
        this.#parts.onStored(false);
        batch.fail(error);
      }
    }
    this.#isStoring = false;
    this.#arm();
  }

  async #store(batch: NodeBatch): Promise<void> {
    const { registrations, keys } = this.#parts;
    const { ranges } = await this.#write(batch);
    if (ranges[1] !== undefined) this.#parts.onFresh(ranges[1]);
    const removedIn = new Map(ranges[0]?.kvs.map(({ key, modRevision }) => [key, modRevision]));
    const known = await Promise.all(
      Array.from(batch.asked, async ([cluster, asked]) => {
        const reading = registrations.of(cluster, asked, removedIn.get(keys.removal(cluster)) ?? 0);
        // A read error of one cluster must not fail the others.
        const nodes = await reading.catch((error: unknown) => CfluxError.from(error, 'UNAVAILABLE'));
        return [cluster, nodes] as const;
      }),
    );
    batch.settle(new Map(known));
  }

  /** Stores the batch, and reads in which clusters nodes were removed recently. */
  async #write(batch: NodeBatch): Promise<TxnResponse> {
    const { connection, log, keys } = this.#parts;
    const reading = [{ get: { ...keys.removals, keysOnly: true } }, log.readingFresh];
    for (;;) {
      try {
        const entries = await log.entries(batch.news);
        return await connection.call(
          etcd.txn,
          {
            // If it is sent twice because the first response was lost, it must not override later changes.
            compare: entries.map(({ put }) => ({ key: put, modRevision: 0 })),
            success: [...reading, ...entries, ...batch.registrations],
            failure: reading,
          },
          limits,
        );
      } catch (error) {
        if (!isLeaseGone(error)) throw error;
        log.forgetLeases();
      }
    }
  }
}
