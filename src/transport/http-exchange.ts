import { withDeadline } from '../async/deadline.js';
import type { CertificateInfo } from '../certificates.js';
import { type Clock, systemClock } from '../clock.js';
import { debugLog } from '../debug-log.js';
import { CfluxError, isCfluxError } from '../errors.js';
import { type BearerToken, currentToken } from './bearer-token.js';
import { Endpoints } from './endpoints.js';
import { HttpAgent } from './http-agent.js';
import { readBody } from './http-body.js';
import { networkFailure } from './http-failure.js';
import type { HttpTransportOptions } from './http-options.js';
import type { HttpResponse } from './http-response.js';

const debug = debugLog('cflux:transport');

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path below the endpoint, with a leading slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Maximum bytes of the response body. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** A request without a response yet. */
interface UnderWay {
  readonly endpoint: string;
  readonly generation: number;
  readonly isRead: boolean;
  readonly abandon: () => void;
}

/** Statuses of a proxy or manager that cannot serve; the host name may resolve to another one at the next attempt. */
const unavailable: ReadonlySet<number> = new Set([502, 503]);

/** Sends single requests and reads complete responses; knows nothing else about the manager. */
export class HttpExchange {
  readonly #endpoints: Endpoints;
  readonly #token: BearerToken | undefined;
  readonly #clock: Clock;
  readonly #idleTimeout: number;
  readonly #agent: HttpAgent;
  /** Generation of the newest connections on which a request timed out. */
  #hung: number | undefined;
  readonly #underWay = new Set<UnderWay>();

  constructor(options: HttpTransportOptions) {
    this.#endpoints = new Endpoints(options.endpoint ?? 'http://localhost:8000');
    this.#token = options.token;
    this.#clock = options.clock ?? systemClock;
    this.#idleTimeout = options.bodyIdleTimeout ?? 15_000;
    this.#agent = new HttpAgent({
      tls: options.tls,
      connectTimeout: options.connectTimeout ?? 5_000,
      clock: this.#clock,
    });
  }

  get endpoint(): string {
    return this.#endpoints.current;
  }

  get certificates(): readonly CertificateInfo[] {
    return this.#agent.certificates;
  }

  /** Resolves with the response, whatever its status; rejects if there was none, or it was incomplete. */
  async send(request: HttpRequest): Promise<HttpResponse> {
    const token = this.#token === undefined ? undefined : await currentToken(this.#token);
    const answer = await this.#sendOnce(request, token);
    if (answer.status !== 401 || typeof this.#token !== 'function') return answer;
    const renewed = await currentToken(this.#token, token);
    return renewed === token ? answer : this.#sendOnce(request, renewed);
  }

  /**
   * Switches to the next endpoint, if there is one, because this one failed. If it `hangs`, requests that wait for it are aborted too,
   * because a poll would notice only at the end of its wait.
   */
  leave(endpoint: string, hangs = false): void {
    const isLeft = this.#endpoints.leave(endpoint);
    if (!isLeft || !hangs) return;
    for (const request of this.#underWay) if (request.endpoint === endpoint) request.abandon();
  }

  /** Whether requests have a token. */
  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  /** The number of endpoints. */
  get endpoints(): number {
    return this.#endpoints.count;
  }

  /** Closes every socket. Pending requests reject. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #sendOnce(request: HttpRequest, token: string | undefined): Promise<HttpResponse> {
    const { method, path, signal } = request;
    const endpoint = this.endpoint;
    const abandoned = new AbortController();
    const { generation } = this.#agent;
    const abandon = () => abandoned.abort(hanging(endpoint));
    const underWay = { endpoint, generation, isRead: method === 'GET', abandon };
    this.#underWay.add(underWay);
    const begin = this.#clock.monotonic();
    try {
      const limits = { clock: this.#clock, signals: [signal, abandoned.signal] };
      const answer = await withDeadline(limits, (either) => this.#exchange(endpoint, request, token, either));
      const took = Math.round(this.#clock.monotonic() - begin);
      debug('%s %s%s: %d after %d ms', method, endpoint, path, answer.status, took);
      if (unavailable.has(answer.status)) this.#agent.renew(generation);
      this.#abandonHung(generation);
      return answer;
    } catch (error) {
      // A timeout indicates a failed endpoint; an abort by the caller does not.
      const isLate = signal !== undefined && isCfluxError(signal.reason, 'TIMEOUT');
      if (signal?.aborted && !isLate) throw signal.reason;
      // The host name may resolve to another address now.
      this.#agent.renew(generation);
      if (isLate) this.#hung = generation;
      this.leave(endpoint, isLate);
      const failure = isCfluxError(error) ? error : networkFailure(error, endpoint);
      debug('%s %s%s: %s', method, endpoint, path, failure.message);
      throw failure;
    } finally {
      this.#underWay.delete(underWay);
    }
  }

  /** Called when newer connections work: aborts requests on those that hung, which would wait in vain if the host name moved. */
  #abandonHung(generation: number): void {
    const hung = this.#hung;
    if (hung === undefined || generation <= hung) return;
    this.#hung = undefined;
    // Except a push, because its outcome would be unknown.
    for (const request of this.#underWay) {
      if (request.isRead && request.generation <= hung) request.abandon();
    }
  }

  async #exchange(
    endpoint: string,
    { method, path, headers, body, maxBytes }: HttpRequest,
    token: string | undefined,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    const response = await this.#agent.request(`${endpoint}${path}`, {
      method,
      headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      signal,
      ...(body === undefined ? {} : { body }),
    });
    // Read the body of errors too, because an unread body keeps its socket.
    const answered = await readBody(response, {
      clock: this.#clock,
      maxBytes,
      idleTimeout: this.#idleTimeout,
    });
    const { status } = response;
    return {
      endpoint,
      status,
      headers: response.headers,
      body: status < 400 || status === 409 ? answered : without(token, answered),
    };
  }
}

/** Removes the token from an error body, which goes into messages and logs: some proxies echo the request. */
function without(token: string | undefined, body: Uint8Array): Uint8Array {
  if (token === undefined || !Buffer.from(body).includes(token)) return body;
  return Buffer.from(Buffer.from(body).toString('latin1').replaceAll(token, '***'), 'latin1');
}

const hanging = (endpoint: string) =>
  new CfluxError('UNREACHABLE', `${endpoint} hangs: another request to it timed out`, {
    retryable: true,
    outcome: 'unknown',
  });
