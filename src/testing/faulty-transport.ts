import { sleep } from '../async/sleep.js';
import { type Clock, systemClock } from '../clock.js';
import { CfluxError } from '../errors.js';
import type { Random } from '../random.js';
import type { CallOptions, PushRequest, PushResult, Snapshot, Transport } from '../transport/transport.js';

/** A method of a transport that crosses the wire. */
export type FaultyCall = 'register' | 'heartbeat' | 'report' | 'deregister' | 'nodes' | 'push' | 'poll';

/** What befalls one exchange. */
export interface Fault {
  /** Milliseconds before the request arrives. Default: 0. */
  readonly requestDelay?: number;
  /** Milliseconds before the answer arrives. Default: 0. Different delays reorder. */
  readonly answerDelay?: number;
  /**
   * The request never arrives (`request`), or its answer does not (`answer`): the caller hears of it after
   * {@link FaultyTransportOptions.patience}. A request whose answer is lost arrives after `requestDelay`, though its caller may have
   * given up by then.
   */
  readonly lose?: 'request' | 'answer';
  /** The request arrives twice; the second answer goes nowhere. */
  readonly duplicate?: boolean;
  /** The connection is refused: certainly nothing arrives. */
  readonly refuse?: boolean;
  /** Any other error instead of sending. */
  readonly error?: CfluxError;
  /** What arrives instead of the answer; it may throw. For answers that no honest manager gives. */
  readonly rewrite?: (answer: unknown) => unknown;
}

/** How a {@link FaultyTransport} behaves. */
export interface FaultyTransportOptions {
  /** Decides what befalls each exchange. Default: nothing does. */
  readonly faults?: (call: FaultyCall) => Fault | undefined;
  /** Milliseconds after which a lost exchange is given up. Default: 10,000. */
  readonly patience?: number;
  readonly clock?: Clock;
}

/**
 * A transport with a bad network in front: what happens to each exchange is decided by the test, or drawn from a seed.
 *
 * @example
 * ```ts
 * const network = new FaultyTransport(fake.transport, { patience: 100 });
 * const client = new CfluxClient(mockMetaClient(), { transport: network });
 * await client.open();
 * network.failNext('push', { lose: 'answer' });
 * await client.createDatabase('db0'); // made once, though its first answer got lost
 * ```
 */
export class FaultyTransport implements Transport {
  readonly #inner: Transport;
  readonly #clock: Clock;
  readonly #patience: number;
  readonly #faults: (call: FaultyCall) => Fault | undefined;
  readonly #next: { readonly call: FaultyCall; readonly fault: Fault }[] = [];
  /** While set, nothing arrives. */
  partitioned = false;
  /** Conflicts that pushes still meet before one goes through; see {@link conflictNext}. */
  readonly #conflicts: Snapshot[] = [];
  /** How many exchanges were begun, by method. */
  readonly calls: Record<FaultyCall, number> = {
    register: 0,
    heartbeat: 0,
    report: 0,
    deregister: 0,
    nodes: 0,
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

  /** The next exchange of `call` has `fault`; called again, the one after it. */
  failNext(call: FaultyCall, fault: Fault): void {
    this.#next.push({ call, fault });
  }

  /** Takes back what {@link failNext} planned. */
  forgetFaults(): void {
    this.#next.length = 0;
  }

  /** The next pushes are answered as if another node had been first with these versions; the last one after as many pushes as there are. */
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

  push: Transport['push'] = (request, options) =>
    this.#exchange('push', options, (limits) => this.#push(request, limits));

  poll: Transport['poll'] = (request, options) =>
    this.#exchange('poll', options, (limits) => this.#inner.poll(request, limits));

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
    send: (options: CallOptions) => Promise<T>,
  ): Promise<T> {
    this.calls[call] += 1;
    options.signal?.throwIfAborted();
    const fault = this.#faultOf(call);
    if (fault.error) throw fault.error;
    if (fault.refuse)
      throw new CfluxError('UNREACHABLE', 'connection refused', { retryable: true, outcome: 'notApplied' });
    if (fault.lose === 'answer' && !this.partitioned) {
      // A request that is on its way arrives and is carried out, whatever becomes of who asked.
      void sleep(this.#clock, fault.requestDelay ?? 0)
        .then(() => send({}))
        .catch(() => undefined);
      return this.#silence(options);
    }
    await sleep(this.#clock, fault.requestDelay ?? 0, options.signal);
    if (this.partitioned || fault.lose === 'request') return this.#silence(options);
    if (fault.duplicate) send({}).catch(() => undefined);
    const honest = await send(options);
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

/**
 * Faults drawn from `random`: each probability is that of one exchange, delays are uniform up to `maxDelay` milliseconds.
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
