import { lifetimeController } from '../async/lifetime.js';
import { checkMethods, optionsCheck, optionsOf } from '../check-options.js';
import { CfluxError } from '../errors.js';
import type { NodeInfo, Registration } from '../protocol/nodes.js';
import {
  cannotWait,
  type WaitForNodesRequest,
  type WaitForNodesResult,
} from '../protocol/waiting-for-nodes.js';
import { clock as clockKind, func, number } from '../value-kinds.js';
import { Attempts, type RetryOptions } from './attempts.js';
import { isOddResponse } from './odd-response.js';
import type { Call } from './retry-schedule.js';
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
  readonly #attempts: Attempts;
  readonly #closing = lifetimeController();

  constructor(inner: Transport, options: RetryOptions) {
    this.#inner = inner;
    this.#attempts = new Attempts(options, () => this.endpoint, this.#closing.signal);
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
    const { result } = await this.#attempts.run(
      'waitForNodes',
      options,
      request.wait,
      (limits, { elapsed }) => {
        if (this.#inner.waitForNodes === undefined) throw cannotWait();
        return this.#inner.waitForNodes({ ...request, wait: Math.max(0, request.wait - elapsed) }, limits);
      },
    );
    return result;
  }

  async push(request: PushRequest, options: CallOptions = {}): Promise<PushResult> {
    const { result, answerLost } = await this.#attempts.run(
      'push',
      options,
      undefined,
      (limits, { failure }) => this.#inner.push(afterFailure(request, failure), limits),
    );
    return answerLost && result.kind !== 'committed' ? { ...result, answerLost } : result;
  }

  async poll(request: PollRequest, options: CallOptions = {}): Promise<PollResult> {
    const { result } = await this.#attempts.run(
      'poll',
      options,
      request.wait,
      (limits, { elapsed, failure }) =>
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
    return (await this.#attempts.run(call, options, undefined, attempt)).result;
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
