import { withDeadline } from '../async/deadline.js';
import { equalJitter } from '../async/jitter.js';
import { lifetimeController } from '../async/lifetime.js';
import { sleep } from '../async/sleep.js';
import { checkMethods, optionsCheck, optionsOf } from '../check-options.js';
import { type Clock, systemClock } from '../clock.js';
import { debugLog } from '../debug-log.js';
import { CfluxError, isCfluxError } from '../errors.js';
import type { NodeInfo, Registration } from '../protocol/nodes.js';
import {
  cannotWait,
  type WaitForNodesRequest,
  type WaitForNodesResult,
} from '../protocol/waiting-for-nodes.js';
import { type Random, systemRandom } from '../random.js';
import { clock as clockKind, func, number } from '../value-kinds.js';
import { isOddResponse } from './odd-response.js';
import { restate } from './restate.js';
import { type Call, type RetryScheduleOptions, retrySchedule } from './retry-schedule.js';
import type {
  CallOptions,
  DropOrdersRequest,
  DropOrdersResult,
  HeartbeatRequest,
  NodeRequest,
  PollRequest,
  PollResult,
  PushRequest,
  PushResult,
  RegisterRequest,
  ReportRequest,
  Transport,
} from './transport.js';

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

/**
 * Wraps `transport` with up to five attempts of every call: while the error is `retryable`, after an exponential delay with equal
 * jitter, not before `Retry-After` has passed, and never beyond the call's timeout. Each attempt has a deadline, even if `transport`
 * ignores its signal. The outcome of a push covers all attempts: after one that may have been stored, an error has
 * `outcome: 'unknown'`, and a result other than `committed` has `answerLost`.
 *
 * @example
 * ```ts
 * const transport = withRetry(new LocalTransport(manager), {
 *   attempts: 3,
 *   onRetry: ({ call, attempt, delay }) => console.log(`${call} failed ${attempt} times, again in ${delay} ms`),
 * });
 * const client = new CfluxClient(new LocalMetaClient(), { transport });
 * ```
 */
export function withRetry(
  transport: Transport,
  options: RetryOptions = {},
): Transport & Pick<Required<Transport>, 'dropOrders'> {
  checkMethods('transport of withRetry', transport, transportMethods);
  checkOptions(options);
  return new RetryingTransport(transport, options);
}

const retryKinds = {
  attempts: number,
  minDelay: number,
  factor: number,
  maxDelay: number,
  pollMargin: number,
  onRetry: func,
};
/** The option `retry` of a transport or client. */
export const retryKind = optionsOf<Omit<RetryOptions, 'clock' | 'random'>>('retry', retryKinds);
const checkOptions = optionsCheck<RetryOptions>('withRetry', {
  ...retryKinds,
  clock: clockKind,
  random: func,
});
/** The methods that every transport has. */
export const transportMethods = ['register', 'heartbeat', 'deregister', 'nodes', 'push', 'poll'];

class RetryingTransport implements Transport {
  readonly retries = true;
  readonly #inner: Transport;
  readonly #options: RetryOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #closing = lifetimeController();

  constructor(inner: Transport, options: RetryOptions) {
    this.#inner = inner;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
  }

  get endpoint(): string {
    return this.#inner.endpoint ?? 'custom transport';
  }

  register(request: RegisterRequest, options: CallOptions = {}): Promise<Registration> {
    return this.#call('register', options, (limits) => this.#inner.register(request, limits));
  }

  heartbeat(request: HeartbeatRequest, options: CallOptions = {}): Promise<void> {
    return this.#call('heartbeat', options, (limits) => this.#inner.heartbeat(request, limits));
  }

  report(request: ReportRequest, options: CallOptions = {}): Promise<void> {
    return this.#call('report', options, (limits) => {
      if (this.#inner.report === undefined) throw takesNoReports();
      return this.#inner.report(request, limits);
    });
  }

  deregister(request: NodeRequest, options: CallOptions = {}): Promise<void> {
    return this.#call('deregister', options, (limits) => this.#inner.deregister(request, limits));
  }

  nodes(request: { readonly cluster: string }, options: CallOptions = {}): Promise<readonly NodeInfo[]> {
    return this.#call('nodes', options, (limits) => this.#inner.nodes(request, limits));
  }

  async waitForNodes(request: WaitForNodesRequest, options: CallOptions = {}): Promise<WaitForNodesResult> {
    const { result } = await this.#attempts('waitForNodes', options, request.wait, (limits, { elapsed }) => {
      if (this.#inner.waitForNodes === undefined) throw cannotWait();
      return this.#inner.waitForNodes({ ...request, wait: Math.max(0, request.wait - elapsed) }, limits);
    });
    return result;
  }

  async push(request: PushRequest, options: CallOptions = {}): Promise<PushResult> {
    const { result, answerLost } = await this.#attempts('push', options, undefined, (limits, { failure }) =>
      this.#inner.push(afterFailure(request, failure), limits),
    );
    return answerLost && result.kind !== 'committed' ? { ...result, answerLost } : result;
  }

  async poll(request: PollRequest, options: CallOptions = {}): Promise<PollResult> {
    const { result } = await this.#attempts('poll', options, request.wait, (limits, { elapsed, failure }) =>
      // The attempts of a poll share its wait.
      this.#inner.poll(
        { ...afterFailure(request, failure), wait: Math.max(0, request.wait - elapsed) },
        limits,
      ),
    );
    return result;
  }

  dropOrders(request: DropOrdersRequest, options: CallOptions = {}): Promise<DropOrdersResult> {
    return this.#call('dropOrders', options, (limits) => {
      if (this.#inner.dropOrders === undefined) throw hasNoDropOrders();
      return this.#inner.dropOrders(request, limits);
    });
  }

  async close(): Promise<void> {
    this.#closing.abort(new CfluxError('CLOSED', 'the transport is closed'));
    await this.#inner.close?.();
  }

  async #call<T>(call: Call, options: CallOptions, attempt: (limits: CallOptions) => Promise<T>): Promise<T> {
    return (await this.#attempts(call, options, undefined, attempt)).result;
  }

  async #attempts<T>(
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
    const signals = [options.signal, this.#closing.signal];
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
    const message = `${call}: no response from ${this.endpoint} within ${Math.round(timeout)} ms`;
    return new CfluxError('TIMEOUT', message, { retryable: true });
  }

  /** Adds jitter to `Retry-After`, so that clients with the same value do not retry together. */
  #delay(scheduled: number | undefined, retryAfter = 0): number | undefined {
    if (scheduled === undefined) return undefined;
    const jittered = equalJitter(scheduled, this.#random);
    return Math.round(retryAfter > 0 ? retryAfter + jittered : jittered);
  }
}

/**
 * Returns the request of the next attempt: without deltas in the response if the previous response could not be used, which may be the
 * reason (R29).
 */
function afterFailure<Request extends { readonly acceptsDelta?: boolean | undefined }>(
  request: Request,
  failure: CfluxError | undefined,
): Request {
  return isOddResponse(failure) && request.acceptsDelta === true
    ? { ...request, acceptsDelta: false }
    : request;
}

const takesNoReports = () =>
  new CfluxError('NO_SUCH_ROUTE', 'this transport takes no reports', { outcome: 'notApplied' });

const hasNoDropOrders = () =>
  new CfluxError('NO_SUCH_ROUTE', 'this transport has no drop orders', { outcome: 'notApplied' });

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
