import type { ClientDuplexStream, Metadata, ServiceError } from '@grpc/grpc-js';
import { type Backoff, backoffDelay } from '../../../../async/backoff.js';
import { withTimeout } from '../../../../async/deadline.js';
import { lenientTimer } from '../../../../async/lenient-timer.js';
import { lifetimeController } from '../../../../async/lifetime.js';
import { sleep } from '../../../../async/sleep.js';
import type { CertificateInfo } from '../../../../certificates.js';
import type { Clock } from '../../../../clock.js';
import { debugLog } from '../../../../debug-log.js';
import { CfluxError } from '../../../../errors.js';
import type { Random } from '../../../../random.js';
import { doubtful, etcdError, grpcStatus, isTransient } from '../api/etcd-errors.js';
import { type Grpc, type GrpcMethod, loadGrpc } from '../api/grpc.js';
import { etcd } from '../api/methods.js';
import { AuthToken } from './auth-token.js';
import type { EtcdOptions } from './etcd-options.js';
import { type Member, Members } from './members.js';
import { RevisionGuard } from './revision-guard.js';
import { unaryCall } from './unary-call.js';

const debug = debugLog('cflux:etcd');

/** Milliseconds for one attempt of a call; after that the next member is tried. */
const maxAttempt = 2_500;
/**
 * Milliseconds for a call with all its attempts; an election takes a second or two. Well below half of what a client gives a push: the
 * first failed call must still be reported in time.
 */
const callTimeout = 4_000;
/** Between rounds through all members. */
const backoff: Backoff = { first: 50, max: 1_000 };

/**
 * Limits for calls on behalf of nodes: requests that wait for the response have a shorter limit, and the call may still succeed after
 * that.
 */
export const patient: CallLimits = { timeout: 8_000 };

export const connectionClosed = () =>
  new CfluxError('CLOSED', 'the store is closed: it cannot be used any more', { outcome: 'notApplied' });

export interface CallLimits {
  /** Milliseconds for all attempts together; default: 4000. */
  readonly timeout?: number;
  /** Milliseconds for one attempt; default: 2500. */
  readonly attemptTimeout?: number;
}

export interface StreamListener<Out> {
  onMessage(message: Out): void;
  /** The stream ended, for any reason; called once, unless `end` was called. */
  onEnd(error: CfluxError): void;
}

export interface EtcdStream<In> {
  write(request: In): void;
  /** Ends the stream without notifying the listener. */
  end(): void;
  /** etcd canceled the request, possibly because the token is invalid: the next stream authenticates again. */
  forgetToken(): void;
}

/**
 * Calls etcd through one member at a time. When a member fails, its streams end and the next member is used. Calls are retried until one
 * succeeds or their time is up, so all calls that change something must be idempotent.
 */
export class EtcdConnection {
  readonly #grpc: Grpc;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #members: Members;
  readonly #token: AuthToken;
  readonly #revisions: RevisionGuard;
  readonly #closing = lifetimeController();
  readonly #underWay = new Set<Promise<unknown>>();

  /** @param onWentBack called when etcd's revision went backwards: this connection must not be used any more */
  static async connect(
    options: EtcdOptions,
    clock: Clock,
    random: Random,
    onWentBack: () => void = () => {},
  ): Promise<EtcdConnection> {
    return new EtcdConnection(await loadGrpc(), options, clock, random, new RevisionGuard(onWentBack));
  }

  private constructor(
    grpc: Grpc,
    options: EtcdOptions,
    clock: Clock,
    random: Random,
    revisions: RevisionGuard,
  ) {
    this.#grpc = grpc;
    this.#clock = clock;
    this.#random = random;
    this.#revisions = revisions;
    this.#members = new Members(grpc, options, clock, maxAttempt);
    this.#token = new AuthToken(options, (user, password) => {
      const limits = {
        member: this.#members.present,
        timeout: maxAttempt,
        metadata: new grpc.Metadata(),
      };
      return unaryCall(clock, etcd.authenticate, { user, password }, limits);
    });
  }

  get certificates(): readonly CertificateInfo[] {
    return this.#members.certificates;
  }

  /** Rejects with a `CfluxError` whose `outcome` covers all attempts. */
  call<In, Out>(method: GrpcMethod<In, Out>, request: In, limits: CallLimits = {}): Promise<Out> {
    const check = this.#revisions.ask();
    const call = this.#attempts(method, request, limits).then((answer) => {
      if (method.tells) check(method.tells(answer));
      return answer;
    });
    this.#underWay.add(call);
    const done = () => this.#underWay.delete(call);
    call.then(done, done);
    return call;
  }

  /** Opens a stream to the current member. Messages written before it is established are sent afterwards. */
  stream<In, Out>(method: GrpcMethod<In, Out>, listener: StreamListener<Out>): EtcdStream<In> {
    const member = this.#members.present;
    let call: ClientDuplexStream<In, Out> | undefined;
    let token = '';
    const waiting: In[] = [];
    let isOver = false;
    const end = () => {
      isOver = true;
      unbind();
      call?.cancel();
    };
    const fail = (error: CfluxError) => {
      if (isOver) return;
      end();
      listener.onEnd(error);
    };
    const unbind = this.#members.bind(member, fail);
    const begin = (current: string) => {
      if (isOver) return;
      token = current;
      const metadata = this.#metadata(token);
      call = member.client.makeBidiStreamRequest(method.path, method.encode, method.decode, metadata);
      call.on('data', (message: Out) => {
        if (isOver) return;
        if (method.tells) this.#revisions.note(method.tells(message).revision);
        listener.onMessage(message);
      });
      call.on('error', (error: ServiceError) => this.#onFailure(error, member, token, fail));
      // A stream must not end, so a regular end is an error too.
      call.on('end', () => fail(etcdError({ code: grpcStatus.unavailable, details: 'the stream ended' })));
      for (const request of waiting) call.write(request);
    };
    this.#token.current().then(begin, (error: unknown) => fail(CfluxError.from(error, 'UNAVAILABLE')));
    return {
      write(request) {
        if (call) call.write(request);
        else waiting.push(request);
      },
      end,
      forgetToken: () => this.#token.forget(token),
    };
  }

  /** Waits for calls in progress, and closes every socket. `reason`: the error of calls from now on. */
  async close(reason = connectionClosed()): Promise<void> {
    this.#closing.abort(reason);
    await Promise.allSettled(this.#underWay);
    this.#members.close(reason);
  }

  async #attempts<In, Out>(method: GrpcMethod<In, Out>, request: In, limits: CallLimits): Promise<Out> {
    const { timeout = callTimeout, attemptTimeout = maxAttempt } = limits;
    const begin = this.#clock.monotonic();
    const remaining = () => timeout - (this.#clock.monotonic() - begin);
    let mayHaveWorked = false;
    for (let attempt = 1; ; attempt++) {
      this.#closing.signal.throwIfAborted();
      const member = this.#members.present;
      let failure: CfluxError;
      let token = '';
      try {
        const end = this.#clock.monotonic() + Math.min(attemptTimeout, remaining());
        const left = () => Math.max(0, end - this.#clock.monotonic());
        token = await this.#tokenWithin(left());
        const metadata = this.#metadata(token);
        return await unaryCall(this.#clock, method, request, { member, timeout: left(), metadata });
      } catch (error) {
        failure = CfluxError.from(error, 'UNAVAILABLE');
      }
      mayHaveWorked ||= failure.outcome !== 'notApplied';
      debug('%s at %s: %s', method.path, member.endpoint.url, failure.message);
      const isRenewed = this.#token.isRenewedAfter(failure, token);
      if (!isRenewed && isTransient(failure)) this.#leave(member, failure);
      const pause = this.#pause(attempt);
      if (!(isTransient(failure) || isRenewed) || pause >= remaining()) {
        throw mayHaveWorked && failure.outcome === 'notApplied' ? doubtful(failure) : failure;
      }
      await sleep(this.#clock, pause, this.#closing.signal);
    }
  }

  /** No pause while there are members that were not tried. */
  #pause(attempt: number): number {
    if (attempt < this.#members.count) return 0;
    return backoffDelay(backoff, attempt - this.#members.count + 1, this.#random);
  }

  #onFailure(error: ServiceError, member: Member, token: string, fail: (error: CfluxError) => void): void {
    const failure = etcdError(error);
    const isRenewed = this.#token.isRenewedAfter(failure, token);
    fail(failure);
    if (!isRenewed && isTransient(failure)) this.#leave(member, failure);
  }

  #leave(member: Member, reason: CfluxError): void {
    if (!this.#closing.signal.aborted) this.#members.leave(member, reason);
  }

  /** Authentication is part of an attempt, and of its time limit. */
  #tokenWithin(timeout: number): Promise<string> {
    const timeoutError = () => etcdError(notAuthenticated(timeout));
    return withTimeout({ clock: lenientTimer(this.#clock), timeout, timeoutError }, this.#token.current());
  }

  #metadata(token: string): Metadata {
    const metadata = new this.#grpc.Metadata();
    // Makes a member without a leader fail at once, instead of letting a watch hang silently.
    metadata.set('hasleader', 'true');
    if (token) metadata.set('token', token);
    return metadata;
  }
}

const notAuthenticated = (timeout: number) => ({
  code: grpcStatus.unavailable,
  details: `No connection established: not authenticated within ${Math.round(timeout)} ms`,
});
