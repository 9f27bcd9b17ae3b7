import { setMaxListeners } from 'node:events';
import type { Client, ClientDuplexStream, Metadata, ServiceError } from '@grpc/grpc-js';
import createDebug from 'debug';
import { type Clock, sleep } from '../../../clock.js';
import { CfluxError } from '../../../errors.js';
import type { Random } from '../../../random.js';
import { type EtcdEndpoint, parseEndpoints } from './endpoints.js';
import {
  doubtful,
  etcdError,
  grpcStatus,
  isAuthenticationOff,
  isTokenStale,
  isTransient,
} from './etcd-errors.js';
import type { EtcdOptions } from './etcd-options.js';
import { type Grpc, type GrpcMethod, loadGrpc } from './grpc.js';
import { etcd } from './methods.js';

const debug = createDebug('cflux:etcd');

/** Milliseconds that one attempt of a call may take: a member that hangs is left after that. */
const longestAttempt = 3_000;
/** Milliseconds of a call with all its attempts; an election takes a second or two. */
const callTimeout = 8_000;
const shortestPause = 50;
const longestPause = 1_000;

export interface CallLimits {
  /** Milliseconds of all attempts together; default: 8000. */
  readonly timeout?: number;
  /** Milliseconds of one attempt; default: 3000. */
  readonly attemptTimeout?: number;
}

export interface StreamListener<Out> {
  onMessage(message: Out): void;
  /** It is over, by whatever; called once, unless `end` was. */
  onEnd(error: CfluxError): void;
}

export interface EtcdStream<In> {
  write(request: In): void;
  /** Ends it without a word to the listener. */
  end(): void;
  /** Ends it because its member seems to hang: that is left, with every stream to it. */
  abandon(reason: CfluxError): void;
}

/**
 * Calls to etcd, over one member at a time. A member that fails is left for the next, with every stream to it. Calls are made
 * again until one gets through or their time is up, so all that change something must be such that twice is as good as once.
 */
export class EtcdConnection {
  readonly #grpc: Grpc;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #options: EtcdOptions;
  readonly #endpoints: readonly EtcdEndpoint[];
  readonly #clients: readonly Client[];
  readonly #closing = new AbortController();
  /** Ended when their member is left. */
  readonly #streams = new Set<{ readonly member: number; readonly fail: (error: CfluxError) => void }>();
  readonly #underWay = new Set<Promise<unknown>>();
  #member = 0;
  #token: Promise<string> | undefined;

  static async connect(options: EtcdOptions, clock: Clock, random: Random): Promise<EtcdConnection> {
    return new EtcdConnection(await loadGrpc(), options, clock, random);
  }

  private constructor(grpc: Grpc, options: EtcdOptions, clock: Clock, random: Random) {
    this.#grpc = grpc;
    this.#clock = clock;
    this.#random = random;
    this.#options = options;
    this.#endpoints = parseEndpoints(options.endpoints);
    this.#clients = this.#endpoints.map((endpoint) => this.#createClient(endpoint));
    // One listener for each call that pauses; Node would warn from the eleventh on.
    setMaxListeners(0, this.#closing.signal);
  }

  /**
   * Rejects with a `CfluxError` whose `outcome` holds for all attempts together.
   */
  call<In, Out>(method: GrpcMethod<In, Out>, request: In, limits: CallLimits = {}): Promise<Out> {
    const call = this.#attempts(method, request, limits);
    this.#underWay.add(call);
    const done = () => this.#underWay.delete(call);
    call.then(done, done);
    return call;
  }

  /** A stream to the present member. What is written before it stands is sent when it does. */
  stream<In, Out>(method: GrpcMethod<In, Out>, listener: StreamListener<Out>): EtcdStream<In> {
    const member = this.#member;
    let call: ClientDuplexStream<In, Out> | undefined;
    const waiting: In[] = [];
    let isOver = false;
    const end = () => {
      isOver = true;
      this.#streams.delete(entry);
      call?.cancel();
    };
    const fail = (error: CfluxError) => {
      if (isOver) return;
      end();
      listener.onEnd(error);
    };
    const entry = { member, fail };
    this.#streams.add(entry);
    const begin = (metadata: Metadata) => {
      if (isOver) return;
      call = this.#clientOf(member).makeBidiStreamRequest(
        method.path,
        method.encode,
        method.decode,
        metadata,
      );
      call.on('data', (message: Out) => {
        if (!isOver) listener.onMessage(message);
      });
      call.on('error', (error: ServiceError) => this.#onFailure(error, member, fail));
      // A stream that etcd ends well ends nonetheless.
      call.on('end', () => fail(etcdError({ code: grpcStatus.unavailable, details: 'the stream ended' })));
      for (const request of waiting) call.write(request);
    };
    this.#metadata().then(begin, (error: unknown) => fail(CfluxError.from(error, 'UNAVAILABLE')));
    return {
      write(request) {
        if (call) call.write(request);
        else waiting.push(request);
      },
      end,
      abandon: (reason) => {
        fail(reason);
        this.#leave(member, reason);
      },
    };
  }

  /** Waits for calls under way, and frees every socket. */
  async close(): Promise<void> {
    this.#closing.abort(new CfluxError('CLOSED', 'the store is closed', { outcome: 'none' }));
    await Promise.allSettled(this.#underWay);
    for (const { fail } of [...this.#streams]) fail(new CfluxError('CLOSED', 'the store is closed'));
    for (const client of this.#clients) client.close();
  }

  async #attempts<In, Out>(method: GrpcMethod<In, Out>, request: In, limits: CallLimits): Promise<Out> {
    const { timeout = callTimeout, attemptTimeout = longestAttempt } = limits;
    const begin = this.#clock.monotonic();
    const remaining = () => timeout - (this.#clock.monotonic() - begin);
    let mayHaveWorked = false;
    for (let attempt = 1; ; attempt++) {
      this.#closing.signal.throwIfAborted();
      const member = this.#member;
      let failure: CfluxError;
      try {
        return await this.#attempt(method, request, member, Math.min(attemptTimeout, remaining()));
      } catch (error) {
        failure = CfluxError.from(error, 'UNAVAILABLE');
      }
      mayHaveWorked ||= failure.outcome !== 'none';
      debug('%s at %s: %s', method.path, this.#endpoints[member]?.url, failure.message);
      const isStale = isTokenStale(failure);
      if (isStale) this.#token = undefined;
      else if (isTransient(failure)) this.#leave(member, failure);
      const pause = this.#pause(attempt);
      if (!(isTransient(failure) || isStale) || pause >= remaining()) {
        throw mayHaveWorked && failure.outcome === 'none' ? doubtful(failure) : failure;
      }
      await sleep(this.#clock, pause, this.#closing.signal);
    }
  }

  /** No pause as long as there are members that were not tried. */
  #pause(attempt: number): number {
    if (attempt < this.#clients.length) return 0;
    const longest = Math.min(longestPause, shortestPause * 2 ** (attempt - this.#clients.length));
    return longest * (0.5 + this.#random() / 2);
  }

  async #attempt<In, Out>(
    method: GrpcMethod<In, Out>,
    request: In,
    member: number,
    timeout: number,
  ): Promise<Out> {
    const metadata = await this.#metadata();
    return this.#unary(method, request, { member, timeout, metadata });
  }

  #unary<In, Out>(
    method: GrpcMethod<In, Out>,
    request: In,
    {
      member,
      timeout,
      metadata,
    }: { readonly member: number; readonly timeout: number; readonly metadata: Metadata },
  ): Promise<Out> {
    return new Promise((resolve, reject) => {
      let isLate = false;
      const call = this.#clientOf(member).makeUnaryRequest(
        method.path,
        method.encode,
        method.decode,
        request,
        metadata,
        (error, response) => {
          cancelTimer();
          if (response !== undefined && error === null) resolve(response);
          else reject(etcdError(isLate || error === null ? late(timeout) : error));
        },
      );
      // Not gRPC's own deadline, which is a time of day: clocks jump.
      const cancelTimer = this.#clock.after(timeout, () => {
        isLate = true;
        call.cancel();
      });
    });
  }

  #onFailure(error: ServiceError, member: number, fail: (error: CfluxError) => void): void {
    const failure = etcdError(error);
    if (isTokenStale(failure)) this.#token = undefined;
    fail(failure);
    if (isTransient(failure)) this.#leave(member, failure);
  }

  /** Goes on to the next member, unless `member` was left already. */
  #leave(member: number, reason: CfluxError): void {
    if (member !== this.#member || this.#clients.length === 1 || this.#closing.signal.aborted) return;
    this.#member = (member + 1) % this.#clients.length;
    for (const stream of [...this.#streams]) if (stream.member === member) stream.fail(reason);
  }

  async #metadata(): Promise<Metadata> {
    const metadata = new this.#grpc.Metadata();
    // A member that has lost the others says so at once, instead of letting a watch hang in silence.
    metadata.set('hasleader', 'true');
    const token = await this.#currentToken();
    if (token) metadata.set('token', token);
    return metadata;
  }

  #currentToken(): Promise<string> {
    const { user, password = '' } = this.#options;
    if (user === undefined) return Promise.resolve('');
    this.#token ??= this.#authenticate(user, password);
    return this.#token;
  }

  async #authenticate(user: string, password: string): Promise<string> {
    const metadata = new this.#grpc.Metadata();
    const limits = { member: this.#member, timeout: longestAttempt, metadata };
    try {
      return await this.#unary(etcd.authenticate, { user, password }, limits);
    } catch (error) {
      if (isAuthenticationOff(error)) return '';
      this.#token = undefined;
      throw error;
    }
  }

  #clientOf(member: number): Client {
    const client = this.#clients[member];
    if (client === undefined) throw new CfluxError('UNEXPECTED', `there is no member ${member}`);
    return client;
  }

  #createClient({ address, secure }: EtcdEndpoint): Client {
    const { credentials, Client: GrpcClient } = this.#grpc;
    const pem = (value: string | Uint8Array | undefined) => (value === undefined ? null : Buffer.from(value));
    const { ca, cert, key } = this.#options.tls ?? {};
    return new GrpcClient(
      `dns:${address}`,
      secure ? credentials.createSsl(pem(ca), pem(key), pem(cert)) : credentials.createInsecure(),
      {
        // The default of 4 MiB would not let a snapshot through.
        'grpc.max_receive_message_length': -1,
        'grpc.max_send_message_length': -1,
        // etcd takes more than one in 5 s for an attack.
        'grpc.keepalive_time_ms': 10_000,
        'grpc.keepalive_timeout_ms': 5_000,
        // The default waits up to two minutes for a member that is back long since.
        'grpc.initial_reconnect_backoff_ms': 100,
        'grpc.max_reconnect_backoff_ms': 1_000,
        'grpc.enable_retries': 0,
        'grpc.enable_http_proxy': 0,
        'grpc.service_config_disable_resolution': 1,
      },
    );
  }
}

const late = (timeout: number) => ({
  code: grpcStatus.deadlineExceeded,
  details: `no answer within ${Math.round(timeout)} ms`,
});
