import { sleep } from '../async/sleep.js';
import { type Clock, systemClock } from '../clock.js';
import { CfluxError } from '../errors.js';
import { cannotWait } from '../protocol/waiting-for-nodes.js';
import type { Random } from '../random.js';
import type {
  CallOptions,
  PollResult,
  PushRequest,
  PushResult,
  Snapshot,
  Transport,
} from '../transport/transport.js';

/** A method of a transport that sends a request. */
export type FaultyCall =
  | 'register'
  | 'heartbeat'
  | 'report'
  | 'deregister'
  | 'nodes'
  | 'waitForNodes'
  | 'push'
  | 'poll';

/** The fault of one exchange. */
export interface Fault {
  /** Milliseconds before the request arrives. Default: 0. */
  readonly requestDelay?: number;
  /** Milliseconds before the response arrives. Default: 0. Different delays reorder responses. */
  readonly answerDelay?: number;
  /**
   * Loses the request (`request`) or its response (`answer`): the call rejects after {@link FaultyTransportOptions.patience}. A request
   * whose response is lost arrives after `requestDelay`, even if its caller has aborted by then.
   */
  readonly lose?: 'request' | 'answer';
  /** Whether the request arrives twice; the second response is ignored. */
  readonly duplicate?: boolean;
  /** Whether the connection is refused, so that certainly nothing arrives. */
  readonly refuse?: boolean;
  /** An error to throw instead of sending. */
  readonly error?: CfluxError;
  /**
   * What happens to deltas, in both directions: `refuse` hides that the client accepts and offers any, as on the way to an older manager;
   * `damage` changes a byte of each. Default: nothing.
   */
  readonly deltas?: 'refuse' | 'damage';
  /** Replaces the response, to simulate an invalid one; may throw. */
  readonly rewrite?: (answer: unknown) => unknown;
}

/** Options of a {@link FaultyTransport}. */
export interface FaultyTransportOptions {
  /** Returns the fault of each exchange. Default: no faults. */
  readonly faults?: (call: FaultyCall) => Fault | undefined;
  /** Milliseconds after which a lost exchange fails. Default: 10,000. */
  readonly patience?: number;
  readonly clock?: Clock;
}

/**
 * A transport with simulated network faults, which the test sets or draws from a seed.
 *
 * @example
 * ```ts
 * const network = new FaultyTransport(fake.transport, { patience: 100 });
 * const client = new CfluxClient(mockMetaClient(), { transport: network });
 * await client.open();
 * network.failNext('push', { lose: 'answer' });
 * await client.createDatabase('db0'); // made once, although its first response was lost
 * ```
 */
export class FaultyTransport implements Transport {
  readonly #inner: Transport;
  readonly #clock: Clock;
  readonly #patience: number;
  readonly #faults: (call: FaultyCall) => Fault | undefined;
  readonly #next: { readonly call: FaultyCall; readonly fault: Fault }[] = [];
  /** While it is true, nothing arrives. */
  partitioned = false;
  /** Conflicts that pushes still meet before one goes through; see {@link conflictNext}. */
  readonly #conflicts: Snapshot[] = [];
  /** How many exchanges were started, by method. */
  readonly calls: Record<FaultyCall, number> = {
    register: 0,
    heartbeat: 0,
    report: 0,
    deregister: 0,
    nodes: 0,
    waitForNodes: 0,
    push: 0,
    poll: 0,
  };

  constructor(inner: Transport, options: FaultyTransportOptions = {}) {
    this.#inner = inner;
    this.#clock = options.clock ?? systemClock;
    this.#patience = options.patience ?? 10_000;
    this.#faults = options.faults ?? (() => undefined);
  }

  get endpoint(): string {
    return this.#inner.endpoint ?? 'faulty';
  }

  /** Adds `fault` to the next exchange of `call` that has none. */
  failNext(call: FaultyCall, fault: Fault): void {
    this.#next.push({ call, fault });
  }

  /** Removes the faults of {@link failNext}. */
  forgetFaults(): void {
    this.#next.length = 0;
  }

  /** Makes the next pushes conflict with these versions, one for each push. */
  conflictNext(...versions: Snapshot[]): void {
    this.#conflicts.push(...versions);
  }

  register: Transport['register'] = (request, options) =>
    this.#exchange('register', options, (limits) => this.#inner.register(request, limits));

  heartbeat: Transport['heartbeat'] = (request, options) =>
    this.#exchange('heartbeat', options, (limits) => this.#inner.heartbeat(request, limits));

  report: NonNullable<Transport['report']> = (request, options) =>
    this.#exchange('report', options, async (limits) => {
      if (this.#inner.report === undefined) {
        throw new CfluxError('NO_SUCH_ROUTE', 'no reports are taken', { outcome: 'notApplied' });
      }
      await this.#inner.report(request, limits);
    });

  deregister: Transport['deregister'] = (request, options) =>
    this.#exchange('deregister', options, (limits) => this.#inner.deregister(request, limits));

  nodes: Transport['nodes'] = (request, options) =>
    this.#exchange('nodes', options, (limits) => this.#inner.nodes(request, limits));

  waitForNodes: NonNullable<Transport['waitForNodes']> = (request, options) =>
    this.#exchange('waitForNodes', options, async (limits) => {
      if (this.#inner.waitForNodes === undefined) throw cannotWait();
      return this.#inner.waitForNodes(request, limits);
    });

  push: Transport['push'] = (request, options) =>
    this.#exchange(
      'push',
      options,
      (limits, fault) => this.#push(withFault(request, fault), limits),
      damaged,
    );

  poll: Transport['poll'] = (request, options) =>
    this.#exchange(
      'poll',
      options,
      (limits, fault) => this.#inner.poll(withFault(request, fault), limits),
      damaged,
    );

  async #push(request: PushRequest, options: CallOptions): Promise<PushResult> {
    const conflict = this.#conflicts.shift();
    return conflict ? { kind: 'conflict', ...conflict } : this.#inner.push(request, options);
  }

  #faultOf(call: FaultyCall): Fault {
    const index = this.#next.findIndex((next) => next.call === call);
    const planned = index < 0 ? undefined : this.#next.splice(index, 1)[0]?.fault;
    return planned ?? this.#faults(call) ?? {};
  }

  async #exchange<T>(
    call: FaultyCall,
    options: CallOptions = {},
    send: (options: CallOptions, fault: Fault) => Promise<T>,
    damage: (answer: T) => T = (answer) => answer,
  ): Promise<T> {
    this.calls[call] += 1;
    options.signal?.throwIfAborted();
    const fault = this.#faultOf(call);
    if (fault.error) throw fault.error;
    if (fault.refuse)
      throw new CfluxError('UNREACHABLE', 'connection refused', { retryable: true, outcome: 'notApplied' });
    if (fault.lose === 'answer' && !this.partitioned) {
      // A request that was sent arrives and is executed, even if its caller has aborted.
      void sleep(this.#clock, fault.requestDelay ?? 0)
        .then(() => send({}, fault))
        .catch(() => undefined);
      return this.#silence(options);
    }
    await sleep(this.#clock, fault.requestDelay ?? 0, options.signal);
    if (this.partitioned || fault.lose === 'request') return this.#silence(options);
    if (fault.duplicate) send({}, fault).catch(() => undefined);
    const received = await send(options, fault);
    const honest = fault.deltas === 'damage' ? damage(received) : received;
    const answer = fault.rewrite === undefined ? honest : (fault.rewrite(honest) as T);
    await sleep(this.#clock, fault.answerDelay ?? 0, options.signal);
    return this.partitioned ? this.#silence(options) : answer;
  }

  async #silence(options: CallOptions): Promise<never> {
    await sleep(
      this.#clock,
      Math.min(this.#patience, options.timeout ?? Number.POSITIVE_INFINITY),
      options.signal,
    );
    throw new CfluxError('TIMEOUT', 'no answer', { retryable: true, outcome: 'unknown' });
  }
}

/** Returns a request as it arrives, as far as deltas are concerned. */
function withFault<Request extends Partial<Pick<PushRequest, 'delta' | 'acceptsDelta'>>>(
  request: Request,
  { deltas }: Fault,
): Request {
  if (deltas === 'refuse') return { ...request, delta: undefined, acceptsDelta: false };
  if (deltas !== 'damage' || request.delta === undefined) return request;
  return { ...request, delta: { ...request.delta, bytes: withDamage(request.delta.bytes) } };
}

/** Returns a response with a damaged delta, if it has one. */
function damaged<Answer extends PushResult | PollResult>(answer: Answer): Answer {
  return 'delta' in answer && answer.delta !== undefined
    ? { ...answer, delta: withDamage(answer.delta) }
    : answer;
}

function withDamage(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes);
  const middle = copy.length >> 1;
  copy[middle] = (copy[middle] ?? 0) ^ 0xff;
  return copy;
}

/**
 * Draws faults from `random`. Each probability applies to one exchange; delays are uniform up to `maxDelay` milliseconds.
 *
 * @example
 * ```ts
 * const faults = randomFaults(seededRandom(7), { lose: 0.01, refuse: 0.01, maxDelay: 5 });
 * const network = new FaultyTransport(fake.transport, { faults, patience: 100 });
 * ```
 */
export function randomFaults(
  random: Random,
  odds: { lose?: number; refuse?: number; duplicate?: number; maxDelay?: number },
): (call: FaultyCall) => Fault {
  const draw = (probability = 0) => random() < probability;
  return () => ({
    requestDelay: random() * (odds.maxDelay ?? 0),
    answerDelay: random() * (odds.maxDelay ?? 0),
    ...(draw(odds.refuse) ? { refuse: true } : {}),
    ...(draw(odds.lose) ? { lose: random() < 0.5 ? 'request' : 'answer' } : {}),
    ...(draw(odds.duplicate) ? { duplicate: true } : {}),
  });
}
