import { withLinkedSignal } from '../../async/linked-signal.js';
import type { Mutex } from '../../async/mutex.js';
import { pause } from '../../async/sleep.js';
import type { Clock } from '../../clock.js';
import { debugLog } from '../../debug-log.js';
import { CfluxError, isCfluxError } from '../../errors.js';
import { noVersion } from '../../protocol/version.js';
import type { Random } from '../../random.js';
import type { PollResult, Transport } from '../../transport/transport.js';
import { pauseAfter } from '../backoff.js';
import type { Position } from '../local/position.js';
import type { Replica } from '../local/replica.js';
import type { Emit } from '../observe/events.js';
import type { StateMachine } from '../state.js';
import type { Reconciler } from './reconciler.js';
import { SnapshotFetcher } from './snapshot-fetcher.js';

const debug = debugLog('cflux:sync');

/** An "unchanged" response after this share of the requested wait counts as a full wait. */
const fullHold = 0.9;

export interface SyncLoopParts<M> {
  readonly replica: Replica<M>;
  readonly reconciler: Reconciler<M>;
  readonly transport: Transport;
  readonly writer: Mutex;
  readonly state: StateMachine;
  readonly cluster: string;
  /** Maximum wait of a poll, in milliseconds. */
  readonly pollWait: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: Emit;
  readonly onFailed: (error: CfluxError) => void;
}

/** After this many milliseconds without another change of history, the pace is normal again. */
const calmAfter = 60_000;

/**
 * When to send the next poll: at once; after a pause, because the response came implausibly early; or, after a response of another
 * history (R11), with a backoff, so that the node does not flap between two managers behind one name.
 */
type Pace = 'again' | 'suspicious' | 'upheaval';

/**
 * Follows the cluster: polls, adopts newer metadata, polls again, and survives every error (R9).
 *
 * ```
 * poll ── newer, full hold ──→ poll
 *   └──── error, odd answer ──→ pause (1 s … 15 s, jittered) ──→ poll, after an error one that is not held
 * ```
 */
export class SyncLoop<M> {
  readonly #parts: SyncLoopParts<M>;
  readonly #fetcher: SnapshotFetcher<M>;
  #interrupt = new AbortController();
  #lastUpheaval = Number.NEGATIVE_INFINITY;
  lastSyncAt: number | undefined;

  constructor(parts: SyncLoopParts<M>) {
    this.#parts = parts;
    this.#fetcher = new SnapshotFetcher(parts);
  }

  /** Runs until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, emit, state, onFailed } = this.#parts;
    let failures = 0;
    while (!signal.aborted) {
      let retryIn = 0;
      const interrupt = this.#interrupt.signal;
      // With a held poll, the node would not know for minutes whether the manager or its history is available again.
      const isProbe = state.state !== 'online';
      const wait = isProbe ? 0 : this.#parts.pollWait;
      try {
        const pace = await withLinkedSignal([signal, interrupt], (linked) =>
          this.#poll(wait, linked, signal),
        );
        if (signal.aborted) return;
        const now = clock.monotonic();
        this.lastSyncAt = clock.now();
        state.enter('online');
        if (pace === 'upheaval') this.#lastUpheaval = now;
        if (pace !== 'again') {
          failures += 1;
          retryIn = pauseAfter(failures, random);
        } else if (!isProbe && now - this.#lastUpheaval >= calmAfter) failures = 0;
      } catch (thrown) {
        if (signal.aborted) return;
        if (!interrupt.aborted) {
          const error = CfluxError.from(thrown);
          failures += 1;
          retryIn = Math.max(pauseAfter(failures, random), error.retryAfter ?? 0);
          if (!isCfluxError(error, 'FOREIGN_CLUSTER')) {
            state.enter('offline');
            onFailed(error);
            emit('syncFailed', { error, failures, retryIn });
          }
        }
      }
      if (interrupt.aborted) this.#interrupt = new AbortController();
      else if (retryIn > 0) await this.#pause(retryIn, signal);
    }
  }

  /** Ends the current poll or pause and polls at once, because something changed or the response is no longer needed. */
  hurry(): void {
    this.#interrupt.abort();
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    debug('pausing for %d ms', ms);
    await withLinkedSignal([signal, this.#interrupt.signal], (linked) =>
      pause(this.#parts.clock, ms, linked),
    );
    if (this.#interrupt.signal.aborted) this.#interrupt = new AbortController();
  }

  async #poll(wait: number, pollSignal: AbortSignal, signal: AbortSignal): Promise<Pace> {
    const { replica, reconciler, writer, cluster, clock } = this.#parts;
    if (replica.position.version === noVersion) {
      const before = replica.position;
      await writer.run(() => reconciler.catchUp({ signal }));
      return paceOf(before, replica.position);
    }
    // Wait for the push under way, because its version is the one to poll from.
    await writer.run(async () => undefined);
    signal.throwIfAborted();
    const { generation, position, nodeId } = replica;
    const { version, epoch, mutation } = position;
    const begun = clock.monotonic();
    const answer = await this.#fetcher.poll(
      // A manager without epochs ignores `wait` and holds a poll for its own version, so request any version.
      {
        cluster,
        version: wait === 0 && epoch === undefined ? noVersion : version,
        wait,
        epoch,
        mutation,
        nodeId,
        instance: replica.instance,
      },
      { signal: pollSignal },
    );
    const isFullHold = clock.monotonic() - begun >= wait * fullHold;
    return writer.run(async () => {
      // The position changed since the request began, so the response is late (R5).
      if (signal.aborted || replica.generation !== generation) return 'again';
      debug('%s at version %d', answer.kind, version);
      const hasNews = await this.#take(answer, signal);
      if (hasNews) return paceOf(position, replica.position);
      return isFullHold ? 'again' : 'suspicious';
    });
  }

  /** Applies the response. Returns whether the node changed. */
  async #take(answer: PollResult, signal: AbortSignal): Promise<boolean> {
    const { replica, reconciler } = this.#parts;
    const { version, epoch } = replica.position;
    if (answer.kind === 'snapshot' || answer.kind === 'delta') return reconciler.apply(answer, { signal });
    const otherEpoch = epoch !== undefined && answer.epoch !== undefined && answer.epoch !== epoch;
    if (answer.kind === 'epochMismatch' || otherEpoch) {
      return reconciler.onEpochMismatch({ ...answer, epoch: answer.epoch ?? '' }, { signal });
    }
    // The node's own push, whose response was lost, released the poll: fetch the snapshot.
    return answer.version !== undefined && answer.version > version && reconciler.catchUp({ signal });
  }
}

function paceOf(before: Position, after: Position): Pace {
  const isForward = after.version > before.version;
  const isSameHistory = before.epoch === undefined || after.epoch === before.epoch;
  return isForward && isSameHistory ? 'again' : 'upheaval';
}
