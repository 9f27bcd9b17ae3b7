import createDebug from 'debug';
import { type Clock, sleep } from '../clock.js';
import { CfluxError, isCfluxError } from '../errors.js';
import { noVersion } from '../protocol/version.js';
import type { Random } from '../random.js';
import type { PollResult, Transport } from '../transport/transport.js';
import { pauseAfter } from './backoff.js';
import type { Emit } from './events.js';
import { withLinkedSignal } from './linked-signal.js';
import type { Mutex } from './mutex.js';
import type { Reconciler } from './reconciler.js';
import type { Replica } from './replica.js';
import type { StateMachine } from './state.js';

const debug = createDebug('cflux:sync');

/** An «unchanged» that comes after this part of the hold that was asked for is a full hold. */
const fullHold = 0.9;

export interface SyncLoopParts<M> {
  readonly replica: Replica<M>;
  readonly reconciler: Reconciler<M>;
  readonly transport: Transport;
  readonly writer: Mutex;
  readonly state: StateMachine;
  readonly cluster: string;
  /** Milliseconds a poll may be held. */
  readonly pollWait: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: Emit;
  readonly onFailed: (error: CfluxError) => void;
}

/** What a poll's answer means for the next one: ask again at once, or the answer was too quick to be believed. */
type Pace = 'again' | 'suspicious';

/**
 * Follows the cluster: polls, takes up what is newer, polls again, and outlives every error (R9).
 *
 * ```
 * poll ── newer, full hold ──→ poll
 *   └──── error, odd answer ──→ pause (1 s … 15 s, jittered) ──→ poll
 * ```
 */
export class SyncLoop<M> {
  readonly #parts: SyncLoopParts<M>;
  #interrupt = new AbortController();
  lastSyncAt: number | undefined;

  constructor(parts: SyncLoopParts<M>) {
    this.#parts = parts;
  }

  /** Runs until `signal` aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, emit, state, onFailed } = this.#parts;
    let failures = 0;
    while (!signal.aborted) {
      let pause = 0;
      const interrupt = this.#interrupt.signal;
      try {
        const pace = await withLinkedSignal([signal, interrupt], (linked) => this.#poll(linked, signal));
        if (signal.aborted) return;
        this.lastSyncAt = clock.now();
        state.enter('online');
        failures = pace === 'again' ? 0 : failures + 1;
        if (failures > 0) pause = pauseAfter(failures, random);
      } catch (thrown) {
        if (signal.aborted) return;
        if (!interrupt.aborted) {
          const error = CfluxError.from(thrown);
          failures += 1;
          pause = Math.max(pauseAfter(failures, random), error.retryAfter ?? 0);
          if (!isCfluxError(error, 'FOREIGN_EPOCH')) {
            state.enter('offline');
            onFailed(error);
            emit('syncFailed', { error, failures, retryIn: pause });
          }
        }
      }
      if (interrupt.aborted) this.#interrupt = new AbortController();
      else if (pause > 0) await this.#pause(pause, signal);
    }
  }

  /** Ends the present poll, or pause, and polls at once: something is known to have changed, or nobody needs the answer. */
  hurry(): void {
    this.#interrupt.abort();
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    debug('pausing for %d ms', ms);
    await withLinkedSignal([signal, this.#interrupt.signal], (linked) =>
      sleep(this.#parts.clock, ms, linked).catch(() => undefined),
    );
    if (this.#interrupt.signal.aborted) this.#interrupt = new AbortController();
  }

  async #poll(pollSignal: AbortSignal, signal: AbortSignal): Promise<Pace> {
    const { replica, reconciler, transport, writer, cluster, pollWait, clock } = this.#parts;
    if (replica.position.version === noVersion) {
      await writer.run(() => reconciler.catchUp({ signal }));
      return 'again';
    }
    // What is being pushed now will be the version to ask from.
    await writer.run(async () => undefined);
    signal.throwIfAborted();
    const { generation, position, nodeId } = replica;
    const { version, epoch, mutation } = position;
    const begun = clock.monotonic();
    const answer = await transport.poll(
      { cluster, version, wait: pollWait, epoch, mutation, nodeId },
      { signal: pollSignal },
    );
    const held = clock.monotonic() - begun;
    return writer.run(async () => {
      // Something was stored since the request was begun: the answer is late, whatever it says (R5).
      if (signal.aborted || replica.generation !== generation) return 'again';
      return this.#take(answer, held, signal);
    });
  }

  async #take(answer: PollResult, held: number, signal: AbortSignal): Promise<Pace> {
    const { replica, reconciler, pollWait } = this.#parts;
    const { version, epoch } = replica.position;
    debug('%s after %d ms at version %d', answer.kind, held, version);
    if (answer.kind === 'snapshot') return (await reconciler.absorb(answer)) ? 'again' : 'suspicious';
    const otherEpoch = epoch !== undefined && answer.epoch !== undefined && answer.epoch !== epoch;
    if (answer.kind === 'foreignEpoch' || otherEpoch) {
      await reconciler.meetEpoch({ ...answer, epoch: answer.epoch ?? '' }, { signal });
      return 'again';
    }
    // The node's own push released its poll, though its answer never came: the snapshot is there for the asking.
    if (answer.version !== undefined && answer.version > version) {
      await reconciler.catchUp({ signal });
      return 'again';
    }
    return held >= pollWait * fullHold ? 'again' : 'suspicious';
  }
}
