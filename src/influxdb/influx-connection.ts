import { withDeadline } from '../async/deadline.js';
import { lifetimeController } from '../async/lifetime.js';
import { debugLog } from '../debug-log.js';
import { CfluxError, isCfluxError } from '../errors.js';
import { HttpAgent } from '../transport/http-agent.js';
import { readBody } from '../transport/http-body.js';
import { networkFailure } from '../transport/http-failure.js';
import { MissingColumns, readAnswers, readError, type StatementAnswer } from './influx-answer.js';
import { InfluxCredentials } from './influx-credentials.js';
import { type InfluxAddress, type InfluxConnectionOptions, resolveAddress } from './influx-options.js';
import { expectVersionOne, versionHeader, versionIn } from './server-version.js';
import {
  isTrouble,
  refusal,
  secretStatementError,
  statementError,
  troubleOf,
  withheldRefusal,
} from './statement-error.js';

const debug = debugLog('cflux:influxdb');

/** The query interface of one InfluxDB 1.x server. */
export class InfluxConnection {
  readonly address: InfluxAddress;
  readonly #agent: HttpAgent;
  readonly #credentials: InfluxCredentials;
  readonly #closed = lifetimeController();
  #serverVersion: string | undefined;

  constructor(url: string, options: InfluxConnectionOptions = {}) {
    this.address = resolveAddress(url, options);
    this.#agent = new HttpAgent(this.address);
    this.#credentials = new InfluxCredentials(this.address);
  }

  /** The version that the server stated last; `undefined` before its first response. */
  get serverVersion(): string | undefined {
    return this.#serverVersion;
  }

  /** The answers to reading statements, joined by `;` in one request. */
  async read(statements: readonly string[], signal?: AbortSignal): Promise<readonly StatementAnswer[]> {
    return readAnswers(await this.#post(statements.join('; '), signal, true), statements.length);
  }

  /**
   * Runs one changing statement. Rejects with InfluxDB's own text if the server refuses it ({@link isRefusal}) or has trouble
   * with it ({@link isTrouble}); of a `secret` one only known texts are repeated, because a parse error can echo a password.
   */
  async execute(statement: string, { secret = false, signal }: ExecuteOptions = {}): Promise<void> {
    const body = await this.#post(statement, signal, !secret).catch(refusalBehind);
    const [answer] = secret ? withoutWords(() => readAnswers(body, 1)) : readAnswers(body, 1);
    if (answer?.error !== undefined)
      throw secret ? secretStatementError(answer.error) : statementError(answer.error);
  }

  /**
   * Throws `error`, with which a request failed, or a better one: trouble with the name of the server, or that it is InfluxDB 2
   * or 3, some of whose responses look like those of 1.x.
   */
  async explain(error: unknown): Promise<never> {
    const mayBeOther =
      isCfluxError(error) && !neverOfOther.has(error.code) && !(error instanceof MissingColumns);
    if (!mayBeOther) throw error;
    const ping = await this.#request('/ping', { method: 'GET' }, undefined, pingTimeout).catch(
      () => undefined,
    );
    const { url } = this.address;
    if (ping !== undefined) expectVersionOne(ping.version ?? versionIn(ping.body), url);
    throw isTrouble(error) ? troubleOf(url, error) : error;
  }

  /** Whether the server executes a statement of an administrator now. */
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

  /** The present password of the account; `undefined` without one. */
  password(): Promise<string | undefined> {
    return this.#credentials.password();
  }

  /** What the server tells of itself at `/debug/vars`, without credentials; `undefined` if it does not. */
  async variables(signal?: AbortSignal): Promise<unknown> {
    const { status, body } = await this.#request('/debug/vars', { method: 'GET' }, signal);
    try {
      return status === 200 ? JSON.parse(body) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Frees every socket; requests under way reject with `CLOSED`. */
  async close(): Promise<void> {
    this.#closed.abort(new CfluxError('CLOSED', 'the connection to InfluxDB was closed'));
    await this.#agent.destroy();
  }

  async #post(statements: string, signal: AbortSignal | undefined, mayQuote: boolean): Promise<string> {
    const { url } = this.address;
    const answer = await this.#authorized((headers) => this.#query(statements, headers, signal));
    expectVersionOne(answer.version, url);
    if (answer.status === 200) return answer.body;
    throw errorOf(answer.status, mayQuote ? readError(answer.body) : undefined, url);
  }

  #query(
    statements: string,
    headers: Record<string, string>,
    signal: AbortSignal | undefined,
    timeout?: number,
  ): Promise<Answer> {
    // The statement goes in the body: a URL is in every log, and too long at about a megabyte.
    const body = new URLSearchParams({ q: statements, chunked: 'true' });
    return this.#request('/query', { method: 'POST', body, headers }, signal, timeout);
  }

  /** A refused password is requested again, and the request sent once more if there is another one. */
  async #authorized(send: (headers: Record<string, string>) => Promise<Answer>): Promise<Answer> {
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
    signal: AbortSignal | undefined,
    timeout: number = this.address.timeout,
  ): Promise<Answer> {
    const { url, clock, maxAnswerBytes } = this.address;
    const timeoutError = () =>
      new CfluxError('TIMEOUT', `InfluxDB at ${url} did not answer within ${timeout} ms`, {
        retryable: true,
      });
    const limits = { clock, timeout, timeoutError, signals: [signal, this.#closed.signal] };
    const { generation } = this.#agent;
    const answer = await withDeadline(limits, async (limit) => {
      try {
        const response = await this.#agent.request(`${url}${path}`, { ...request, signal: limit });
        const bytes = await readBody(response, { clock, maxBytes: maxAnswerBytes, idleTimeout: timeout });
        const version = response.headers.get(versionHeader) ?? undefined;
        return { status: response.status, version, body: new TextDecoder().decode(bytes) };
      } catch (error) {
        // The name may stand for another address by now.
        if (signal?.aborted !== true) this.#agent.renew(generation);
        throw isCfluxError(error) ? error : failureOf(error, url);
      }
    });
    this.#serverVersion = answer.version ?? this.#serverVersion;
    if (answer.status === 502 || answer.status === 503) this.#agent.renew(generation);
    debug('%s %s%s: %d', request.method, url, path, answer.status);
    return answer;
  }
}

/** Milliseconds to wait for a response that only explains an error. */
const pingTimeout = 2_000;

/** Codes of errors that say nothing about what the server is. */
const neverOfOther: ReadonlySet<string> = new Set([
  'UNREACHABLE',
  'TIMEOUT',
  'CLOSED',
  'METADATA_LOST',
  'TOO_LARGE',
]);

interface Answer {
  readonly status: number;
  readonly version: string | undefined;
  readonly body: string;
}

export interface ExecuteOptions {
  /** The statement holds a password. */
  readonly secret?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Whether the server understood and refused this one statement, so that others may well succeed. */
export function isRefusal(
  error: unknown,
): error is CfluxError & { readonly outcome: 'notApplied'; readonly retryable: false } {
  return isCfluxError(error) && error.outcome === 'notApplied' && !error.retryable;
}

/** What fetch threw, as the error of a request to InfluxDB at `url`. */
function failureOf(error: unknown, url: string): CfluxError {
  if (!isUnreadableHttp(error)) return networkFailure(error, url, 'InfluxDB');
  return new CfluxError('BAD_ANSWER', `InfluxDB at ${url} answered what is not HTTP`, {
    cause: error,
    retryable: true,
  });
}

/**
 * InfluxDB repeats the words of a refusal in a header, `X-Influxdb-Error`, and in them a piece of the statement, control
 * characters and all: such an answer is no HTTP for anybody who reads it strictly. Only a refusal has that header.
 */
function refusalBehind(error: unknown): never {
  if (!isCfluxError(error, 'BAD_ANSWER') || !isUnreadableHttp(error.cause)) throw error;
  throw new CfluxError('STATEMENT_REFUSED', 'InfluxDB refused it, in words that HTTP cannot carry', {
    cause: error,
    outcome: 'notApplied',
  });
}

/** What `read` returns; its error without the text of the response, which may contain a password. */
function withoutWords<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw new CfluxError(
      'BAD_ANSWER',
      'the answer to a statement with a password is not what InfluxDB 1.x answers',
      {
        retryable: true,
      },
    );
  }
}

const isUnreadableHttp = (error: unknown) =>
  error instanceof Error && error.cause instanceof Error && error.cause.name === 'HTTPParserError';

function errorOf(status: number, text: string | undefined, url: string): CfluxError {
  // A parse error concerns this statement alone.
  if (status === 400) return text === undefined ? withheldRefusal() : refusal(text);
  const said = text ?? `status ${status}`;
  const message = `InfluxDB at ${url}: ${said}`;
  if (status === 401) return new CfluxError('UNAUTHORIZED', message, { status });
  if (status === 403) return new CfluxError('FORBIDDEN', message, { status });
  if (status >= 500 || status === 429)
    return new CfluxError('UNAVAILABLE', message, { status, retryable: true });
  return new CfluxError('BAD_ANSWER', `${message}: is this the URL of an InfluxDB 1.x server?`, { status });
}
