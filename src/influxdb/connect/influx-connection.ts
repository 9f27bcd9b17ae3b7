import { withDeadline } from '../../async/deadline.js';
import { lifetimeController } from '../../async/lifetime.js';
import { debugLog } from '../../debug-log.js';
import { CfluxError, isCfluxError } from '../../errors.js';
import { HttpAgent } from '../../transport/http-agent.js';
import { readBody } from '../../transport/http-body.js';
import { basic, InfluxCredentials } from './influx-credentials.js';
import { type InfluxAddress, type InfluxConnectionOptions, resolveAddress } from './influx-options.js';
import { MissingColumns, readError, readResults, type StatementResult } from './influx-results.js';
import { refusalBehind, requestFailure, responseError, withoutWords } from './response-error.js';
import { expectVersionOne, versionHeader, versionIn } from './server-version.js';
import { isTrouble, secretStatementError, statementError, troubleOf } from './statement-error.js';

const debug = debugLog('cflux:influxdb');

/** The query interface of one InfluxDB 1.x server. */
export class InfluxConnection {
  readonly address: InfluxAddress;
  readonly #agent: HttpAgent;
  readonly #credentials: InfluxCredentials;
  readonly #closed = lifetimeController();
  /** Requests under way, with the times when they began. */
  readonly #pending = new Map<AbortController, number>();
  #serverVersion: string | undefined;
  #respondedAt = Number.NEGATIVE_INFINITY;

  constructor(url: string, options: InfluxConnectionOptions = {}) {
    this.address = resolveAddress(url, options);
    this.#agent = new HttpAgent(this.address);
    this.#credentials = new InfluxCredentials(this.address);
  }

  /** The version that the server stated last; `undefined` before its first response. */
  get serverVersion(): string | undefined {
    return this.#serverVersion;
  }

  /** When the server last gave a valid response to statements, by the monotonic clock. */
  get respondedAt(): number {
    return this.#respondedAt;
  }

  /** Resolves with the response to a GET request without credentials, whatever its status. */
  get(path: string, limits: RequestLimits): Promise<InfluxResponse> {
    return this.#request(path, { method: 'GET' }, limits);
  }

  /** Rejects requests that began before `time`, by the monotonic clock, with `UNREACHABLE`. */
  abandonBefore(time: number): void {
    const { url } = this.address;
    for (const [controller, begun] of this.#pending) {
      if (begun >= time) continue;
      controller.abort(
        new CfluxError(
          'UNREACHABLE',
          `InfluxDB at ${url} was not available, and a request sent before that got no response`,
          { retryable: true },
        ),
      );
    }
  }

  /** Resolves with the results of read statements, joined by `;` in one request. */
  async read(statements: readonly string[], signal?: AbortSignal): Promise<readonly StatementResult[]> {
    return readResults(await this.#post(statements.join('; '), signal, true), statements.length);
  }

  /**
   * Executes one statement with a change. Rejects with InfluxDB's own text if the server refuses it ({@link isRefusal}) or fails to
   * execute it ({@link isTrouble}); for a `secret` statement only known texts, because a parse error can echo a password.
   */
  async execute(statement: string, { secret = false, signal }: ExecuteOptions = {}): Promise<void> {
    const body = await this.#post(statement, signal, !secret).catch(refusalBehind);
    const [answer] = secret ? withoutWords(() => readResults(body, 1)) : readResults(body, 1);
    if (answer?.error !== undefined)
      throw secret ? secretStatementError(answer.error) : statementError(answer.error);
  }

  /**
   * Throws `error` of a failed request, or a better one: a server failure with the server's URL, or that the server is InfluxDB 2 or 3,
   * some of whose responses look like those of 1.x.
   */
  async explain(error: unknown): Promise<never> {
    const mayBeOther =
      isCfluxError(error) && !neverOfOther.has(error.code) && !(error instanceof MissingColumns);
    if (!mayBeOther) throw error;
    const ping = await this.get('/ping', { timeout: pingTimeout }).catch(() => undefined);
    const { url } = this.address;
    if (ping !== undefined) expectVersionOne(ping.version ?? versionIn(ping.body), url);
    throw isTrouble(error) ? troubleOf(url, error) : error;
  }

  /** Resolves with whether the server can execute a statement of an administrator now. */
  async isUsable(signal?: AbortSignal): Promise<boolean> {
    try {
      const answer = await this.#authorized((headers) =>
        this.#query('SHOW USERS', headers, signal, pingTimeout),
      );
      return answer.status === 200;
    } catch {
      signal?.throwIfAborted();
      return false;
    }
  }

  /** Resolves with the current password of the account; `undefined` without credentials. */
  password(): Promise<string | undefined> {
    return this.#credentials.password();
  }

  /** Resolves with whether the server accepts a login; a name with a colon cannot log in by a header. */
  async accepts(username: string, password: string): Promise<boolean> {
    if (username.includes(':')) return false;
    const headers = { authorization: basic(username, password) };
    return (await this.#query('SHOW DATABASES', headers, undefined)).status === 200;
  }

  /** Resolves with the server's `/debug/vars`, which need no credentials; `undefined` if they are not available. */
  async variables(signal?: AbortSignal): Promise<unknown> {
    const { status, body } = await this.get('/debug/vars', { signal });
    try {
      return status === 200 ? JSON.parse(body) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Closes every socket. Pending requests reject with `CLOSED`. */
  async close(): Promise<void> {
    this.#closed.abort(new CfluxError('CLOSED', 'the connection to InfluxDB was closed'));
    await this.#agent.destroy();
  }

  async #post(statements: string, signal: AbortSignal | undefined, mayQuote: boolean): Promise<string> {
    const { url } = this.address;
    const answer = await this.#authorized((headers) => this.#query(statements, headers, signal));
    expectVersionOne(answer.version, url);
    if (answer.status === 200) {
      this.#respondedAt = this.address.clock.monotonic();
      return answer.body;
    }
    throw responseError(answer.status, mayQuote ? readError(answer.body) : undefined, url);
  }

  #query(
    statements: string,
    headers: Record<string, string>,
    signal: AbortSignal | undefined,
    timeout?: number,
  ): Promise<InfluxResponse> {
    // The statement is in the body, because URLs appear in logs and are limited to about a megabyte.
    const body = new URLSearchParams({ q: statements, chunked: 'true' });
    return this.#request('/query', { method: 'POST', body, headers }, { signal, timeout });
  }

  /** A refused password is requested again, and the request sent once more if there is another one. */
  async #authorized(
    send: (headers: Record<string, string>) => Promise<InfluxResponse>,
  ): Promise<InfluxResponse> {
    const headersOf = (authorization: string | undefined) =>
      authorization === undefined ? {} : { authorization };
    const authorization = await this.#credentials.header();
    const answer = await send(headersOf(authorization));
    if (answer.status !== 401 || !(await this.#credentials.isRenewedAfter(authorization))) return answer;
    return send(headersOf(await this.#credentials.header()));
  }

  async #request(
    path: string,
    request: {
      readonly method: string;
      readonly body?: URLSearchParams;
      readonly headers?: Record<string, string>;
    },
    limits: RequestLimits,
  ): Promise<InfluxResponse> {
    const { url, clock } = this.address;
    const { signal, timeout = this.address.timeout, maxBytes = this.address.maxAnswerBytes } = limits;
    const timeoutError = () =>
      new CfluxError('TIMEOUT', `InfluxDB at ${url} did not respond within ${timeout} ms`, {
        retryable: true,
      });
    const abandoned = new AbortController();
    const signals = [signal, this.#closed.signal, abandoned.signal];
    const { generation } = this.#agent;
    this.#pending.set(abandoned, clock.monotonic());
    const answer = await withDeadline({ clock, timeout, timeoutError, signals }, async (linked) => {
      try {
        const { method, headers = {}, body } = request;
        const response = await this.#agent.request(`${url}${path}`, {
          method,
          headers: body === undefined ? headers : { ...headers, 'content-type': formType },
          signal: linked,
          ...(body === undefined ? {} : { body: body.toString() }),
        });
        const bytes = await readBody(response, { clock, maxBytes, idleTimeout: timeout });
        const version = response.headers.get(versionHeader) ?? undefined;
        return { status: response.status, version, body: new TextDecoder().decode(bytes) };
      } catch (error) {
        // The host name may resolve to another address now.
        if (signal?.aborted !== true) this.#agent.renew(generation);
        throw isCfluxError(error) ? error : requestFailure(error, url);
      }
    }).finally(() => this.#pending.delete(abandoned));
    this.#serverVersion = answer.version ?? this.#serverVersion;
    if (answer.status === 502 || answer.status === 503) this.#agent.renew(generation);
    debug('%s %s%s: %d', request.method, url, path, answer.status);
    return answer;
  }
}

const formType = 'application/x-www-form-urlencoded;charset=UTF-8';

/** Milliseconds to wait for a response that only explains an error. */
const pingTimeout = 2_000;

/** Codes of errors that do not depend on the kind of the server. */
const neverOfOther: ReadonlySet<string> = new Set([
  'UNREACHABLE',
  'TIMEOUT',
  'CLOSED',
  'METADATA_LOST',
  'TOO_LARGE',
]);

/** A complete response. */
export interface InfluxResponse {
  readonly status: number;
  /** As the server states it in a header. */
  readonly version: string | undefined;
  readonly body: string;
}

/** Limits of one request. */
interface RequestLimits {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. Default: as of the connection. */
  readonly timeout?: number | undefined;
  /** Default: as of the connection. */
  readonly maxBytes?: number;
}

export interface ExecuteOptions {
  /** Whether the statement contains a password. */
  readonly secret?: boolean;
  readonly signal?: AbortSignal | undefined;
}
