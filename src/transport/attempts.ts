import { withDeadline } from '../async/deadline.js';
import { equalJitter } from '../async/jitter.js';
import { sleep } from '../async/sleep.js';
import { type Clock, systemClock } from '../clock.js';
import { debugLog } from '../debug-log.js';
import { CfluxError, isCfluxError } from '../errors.js';
import { type Random, systemRandom } from '../random.js';
import { restate } from './restate.js';
import { type Call, type RetryScheduleOptions, retrySchedule } from './retry-schedule.js';
import type { CallOptions } from './transport.js';

const debug = debugLog('cflux:transport');

/** A failed attempt that will be retried. */
export interface RetryEvent {
  readonly call: Call;
  /** The number of the attempt that failed; the first is 1. */
  readonly attempt: number;
  readonly error: CfluxError;
  /** Milliseconds until the next attempt. */
  readonly delay: number;
}

/** Options of {@link withRetry}. */
export interface RetryOptions extends RetryScheduleOptions {
  /** Called before the delay of each retry. */
  readonly onRetry?: (event: RetryEvent) => void;
  /** Default: the clock of the machine. */
  readonly clock?: Clock;
  /** Source of jitter. Default: the operating system. */
  readonly random?: Random;
}

/** Milliseconds that must be left of a call for another attempt: within less, hardly a manager responds. */
const leastAttemptTimeout = 5;

/** What happened before an attempt of a call. */
interface Before {
  /** Milliseconds since the call began. */
  readonly elapsed: number;
  /** Why the previous attempt failed. */
  readonly failure: CfluxError | undefined;
}

/** The result of a call, and whether an earlier failed attempt may have been executed. */
interface Settled<T> {
  readonly result: T;
  readonly answerLost: boolean;
}

/** Makes attempts of calls until one succeeds, an error is not retryable, or the schedule of the call ends. */
export class Attempts {
  readonly #options: RetryOptions;
  readonly #endpoint: () => string;
  /** Ends every call when it aborts. */
  readonly #closing: AbortSignal;
  readonly #clock: Clock;
  readonly #random: Random;

  /** @param endpoint returns what error messages name */
  constructor(options: RetryOptions, endpoint: () => string, closing: AbortSignal) {
    this.#options = options;
    this.#endpoint = endpoint;
    this.#closing = closing;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
  }

  /**
   * Makes the attempts of a call, as many as the options permit.
   *
   * @param wait milliseconds that the manager may hold the call, if it may
   */
  async run<T>(
    call: Call,
    options: CallOptions,
    wait: number | undefined,
    attempt: (limits: CallOptions, before: Before) => Promise<T>,
  ): Promise<Settled<T>> {
    const schedule = retrySchedule(
      call,
      { timeout: options.timeout, ...(wait === undefined ? {} : { wait }) },
      this.#options,
    );
    const signals = [options.signal, this.#closing];
    const begin = this.#clock.monotonic();
    const elapsed = () => this.#clock.monotonic() - begin;
    let answerLost = false;
    let failure: CfluxError | undefined;
    const giveUp = (failed: CfluxError, attempts: number): CfluxError => {
      debug('%s failed after %d attempts: %s', call, attempts, failed.message);
      return lastFailure(failed, attempts, call === 'push' && answerLost);
    };
    for (let number = 1; ; number++) {
      const before = { elapsed: elapsed(), failure };
      const timeout = Math.min(schedule.attemptTimeout, schedule.timeout - before.elapsed);
      // A busy machine ends a delay late: an attempt without time would only make the outcome of a push unknown.
      if (failure !== undefined && timeout < leastAttemptTimeout) throw giveUp(failure, number - 1);
      try {
        const limits = {
          clock: this.#clock,
          timeout,
          timeoutError: () => this.#late(call, timeout),
          signals,
        };
        const result = await withDeadline(limits, async (signal) => attempt({ signal, timeout }, before));
        return { result, answerLost };
      } catch (error) {
        for (const signal of signals) signal?.throwIfAborted();
        failure = asFailure(error);
      }
      answerLost ||= failure.outcome !== 'notApplied';
      const delay = this.#delay(schedule.delays[number - 1], failure.retryAfter);
      if (!failure.retryable || delay === undefined || elapsed() + delay >= schedule.timeout) {
        throw giveUp(failure, number);
      }
      debug('%s failed, attempt %d: %s; the next in %d ms', call, number, failure.message, delay);
      this.#options.onRetry?.({ call, attempt: number, error: failure, delay });
      const waiting = { clock: this.#clock, signals };
      await withDeadline(waiting, (signal) => sleep(this.#clock, delay, signal));
    }
  }

  #late(call: Call, timeout: number): CfluxError {
    const message = `${call}: no response from ${this.#endpoint()} within ${Math.round(timeout)} ms`;
    return new CfluxError('TIMEOUT', message, { retryable: true });
  }

  /** Adds jitter to `Retry-After`, so that clients with the same value do not retry together. */
  #delay(scheduled: number | undefined, retryAfter = 0): number | undefined {
    if (scheduled === undefined) return undefined;
    const jittered = equalJitter(scheduled, this.#random);
    return Math.round(retryAfter > 0 ? retryAfter + jittered : jittered);
  }
}

/** Converts an error of a custom transport, which may throw anything; an unknown error is retryable. */
function asFailure(error: unknown): CfluxError {
  if (isCfluxError(error)) return error;
  const { message } = CfluxError.from(error);
  return new CfluxError('UNEXPECTED', message, { cause: error, retryable: true });
}

function lastFailure(failure: CfluxError, attempts: number, maybeStored: boolean): CfluxError {
  const outcome = maybeStored ? 'unknown' : failure.outcome;
  if (attempts === 1 && outcome === failure.outcome) return failure;
  const message = attempts === 1 ? failure.message : `${failure.message} (${attempts} attempts)`;
  return restate(failure, { message, outcome });
}
