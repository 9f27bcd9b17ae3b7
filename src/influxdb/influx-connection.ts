import createDebug from 'debug';
import { CfluxError, isCfluxError } from '../errors.js';
import { withDeadline } from '../transport/deadline.js';
import { HttpAgent } from '../transport/http-agent.js';
import { readBody } from '../transport/http-body.js';
import { networkFailure } from '../transport/http-failure.js';
import { readAnswers, readError, refusal, type StatementAnswer } from './influx-answer.js';
import { type InfluxAddress, type InfluxConnectionOptions, resolveAddress } from './influx-options.js';

const debug = createDebug('cflux:influxdb');

/** The query interface of one InfluxDB 1.x server. */
export class InfluxConnection {
  readonly address: InfluxAddress;
  readonly #agent: HttpAgent;
  readonly #closed = new AbortController();

  constructor(url: string, options: InfluxConnectionOptions = {}) {
    this.address = resolveAddress(url, options);
    this.#agent = new HttpAgent(this.address.tls, this.address.connectTimeout);
  }

  /** The answers to reading statements, joined by `;` in one request. */
  async read(statements: readonly string[], signal?: AbortSignal): Promise<readonly StatementAnswer[]> {
    return readAnswers(await this.#post(statements.join('; '), signal, true));
  }

  /**
   * Runs one changing statement. Rejects with InfluxDB's own text where the server refuses it ({@link isRefusal}); of a
   * `secret` one nothing that the server says is repeated beyond its known texts, for a parse error can echo a password.
   */
  async execute(statement: string, { secret = false, signal }: ExecuteOptions = {}): Promise<void> {
    const [answer] = readAnswers(await this.#post(statement, signal, !secret).catch(refusalBehind));
    if (answer?.error === undefined) return;
    const error = refusal(answer.error);
    throw secret && error.code === 'STATEMENT_REFUSED' ? withheld() : error;
  }

  /** Frees every socket; requests under way reject with `CLOSED`. */
  async close(): Promise<void> {
    this.#closed.abort(new CfluxError('CLOSED', 'the connection to InfluxDB was closed'));
    await this.#agent.destroy();
  }

  async #post(statements: string, signal: AbortSignal | undefined, mayQuote: boolean): Promise<string> {
    const { url, clock, timeout, maxAnswerBytes, authorization } = this.address;
    const timeoutError = () =>
      new CfluxError('TIMEOUT', `InfluxDB at ${url} did not answer within ${timeout} ms`, {
        retryable: true,
      });
    const limits = { clock, timeout, timeoutError, signals: [signal, this.#closed.signal] };
    const { status, body } = await withDeadline(limits, async (limit) => {
      try {
        const response = await this.#agent.request(`${url}/query`, {
          method: 'POST',
          // The statement goes in the body: a URL is in every log, and too long at about a megabyte.
          body: new URLSearchParams({ q: statements, chunked: 'true' }),
          headers: authorization === undefined ? {} : { authorization },
          signal: limit,
        });
        const bytes = await readBody(response, { clock, maxBytes: maxAnswerBytes, idleTimeout: timeout });
        return { status: response.status, body: new TextDecoder().decode(bytes) };
      } catch (error) {
        throw isCfluxError(error) ? error : failureOf(error, url);
      }
    });
    debug('POST %s/query: %d', url, status);
    if (status === 200) return body;
    throw errorOf(status, mayQuote ? readError(body) : undefined, url);
  }
}

export interface ExecuteOptions {
  /** The statement holds a password. */
  readonly secret?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Whether the server understood and refused this one statement, so that others may well succeed. */
export function isRefusal(error: unknown): error is CfluxError {
  return isCfluxError(error) && error.outcome === 'none' && !error.retryable;
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
    outcome: 'none',
  });
}

const isUnreadableHttp = (error: unknown) =>
  error instanceof Error && error.cause instanceof Error && error.cause.name === 'HTTPParserError';

const withheld = () =>
  new CfluxError(
    'STATEMENT_REFUSED',
    'InfluxDB refused it (its words are withheld: they may hold a password)',
    {
      outcome: 'none',
    },
  );

function errorOf(status: number, text: string | undefined, url: string): CfluxError {
  // A parse error concerns this statement alone.
  if (status === 400) return text === undefined ? withheld() : refusal(text);
  const said = text ?? `status ${status}`;
  const message = `InfluxDB at ${url}: ${said}`;
  if (status === 401) return new CfluxError('UNAUTHORIZED', message, { status });
  if (status === 403) return new CfluxError('FORBIDDEN', message, { status });
  if (status >= 500 || status === 429)
    return new CfluxError('UNAVAILABLE', message, { status, retryable: true });
  return new CfluxError('BAD_ANSWER', `${message}: is this the URL of an InfluxDB 1.x server?`, { status });
}
