import createDebug from 'debug';
import ky from 'ky';
import type { Agent } from 'undici';
import { type Clock, systemClock } from '../clock.js';
import { isCfluxError } from '../errors.js';
import { type BearerToken, currentToken } from './bearer-token.js';
import { Endpoints } from './endpoints.js';
import { createAgent } from './http-agent.js';
import type { HttpAnswer } from './http-answer.js';
import { readBody } from './http-body.js';
import { networkFailure } from './http-failure.js';
import type { HttpTransportOptions } from './http-options.js';

const debug = createDebug('cflux:transport');

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the endpoint, with a slash at its begin. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** The most bytes of a body taken in answer. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** One request, one answer, read to its end: that is all this knows of the manager. */
export class HttpExchange {
  readonly #endpoints: Endpoints;
  readonly #token: BearerToken | undefined;
  readonly #clock: Clock;
  readonly #idleTimeout: number;
  readonly #agent: Agent;

  constructor(options: HttpTransportOptions) {
    this.#endpoints = new Endpoints(options.endpoint ?? 'http://localhost:8000');
    this.#token = options.token;
    this.#clock = options.clock ?? systemClock;
    this.#idleTimeout = options.bodyIdleTimeout ?? 15_000;
    this.#agent = createAgent(options.tls, options.connectTimeout ?? 5_000);
  }

  get endpoint(): string {
    return this.#endpoints.current;
  }

  /** The answer, whatever its status; rejects where there was none, or none to the end. */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const token = this.#token === undefined ? undefined : await currentToken(this.#token);
    const answer = await this.#sendOnce(request, token);
    if (answer.status !== 401 || typeof this.#token !== 'function') return answer;
    const renewed = await currentToken(this.#token, token);
    return renewed === token ? answer : this.#sendOnce(request, renewed);
  }

  /** Requests go to the next endpoint, if there is one, for this one failed. */
  leave(endpoint: string): void {
    this.#endpoints.leave(endpoint);
  }

  /** Frees every socket; requests under way reject. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #sendOnce(request: HttpRequest, token: string | undefined): Promise<HttpAnswer> {
    const { method, path, body, signal, maxBytes } = request;
    const endpoint = this.endpoint;
    const begin = this.#clock.monotonic();
    // Of no known fields: the declarations of undici differ from those of Node's built-in copy of it.
    const dispatcher: object = { dispatcher: this.#agent };
    const own = { ...(body === undefined ? {} : { body }), ...(signal === undefined ? {} : { signal }) };
    try {
      const response = await ky(`${endpoint}${path}`, {
        method,
        headers: { ...request.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
        ...dispatcher,
        // Not through ky, which prepares for attempts of its own: it makes a stream of a body and tees that, and links signals.
        fetch: (input, init) => fetch(input, { ...init, ...own }),
        redirect: 'error',
        retry: 0,
        timeout: false,
        throwHttpErrors: false,
      });
      const answer = {
        endpoint,
        status: response.status,
        headers: response.headers,
        // Also of an error: an answer left unread keeps its socket.
        body: await readBody(response, { clock: this.#clock, maxBytes, idleTimeout: this.#idleTimeout }),
      };
      const took = Math.round(this.#clock.monotonic() - begin);
      debug('%s %s%s: %d after %d ms', method, endpoint, path, answer.status, took);
      return answer;
    } catch (error) {
      // A deadline speaks against the endpoint, the caller's own abort does not.
      if (signal?.aborted && !isCfluxError(signal.reason, 'TIMEOUT')) throw signal.reason;
      this.leave(endpoint);
      const reason = signal?.aborted ? signal.reason : error;
      const failure = isCfluxError(reason) ? reason : networkFailure(reason, endpoint);
      debug('%s %s%s: %s', method, endpoint, path, failure.message);
      throw failure;
    }
  }
}
