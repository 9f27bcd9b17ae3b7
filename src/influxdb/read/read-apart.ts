import { CfluxError, isCfluxError } from '../../errors.js';
import type { InfluxConnection } from '../connect/influx-connection.js';
import type { StatementResult } from '../connect/influx-results.js';
import { isRefusal, reachOf, statementError } from '../connect/statement-error.js';
import { type FailedReading, type Part, Unread } from './unread.js';

/** How many requests of a reading may time out: the whole, a half of it, and one statement. */
const maxSilences = 3;

/**
 * Resolves with the result of each read statement, or with its failure: InfluxDB stops at the first statement of a request that fails, and
 * an invalid response to a request may be due to one of its statements. Rejects if no statement can succeed.
 */
export async function readApart(
  connection: InfluxConnection,
  statements: readonly string[],
  signal?: AbortSignal,
  patience: { silences: number } = { silences: 0 },
): Promise<(StatementResult | CfluxError)[]> {
  const results: (StatementResult | CfluxError)[] = [];
  while (results.length < statements.length) {
    const rest = statements.slice(results.length);
    try {
      for (const result of await connection.read(rest, signal))
        results.push(result.error === undefined ? result : statementError(result.error));
    } catch (error) {
      if (!isCfluxError(error) || !(await isOfStatement(connection, error, signal, patience))) throw error;
      if (rest.length === 1) return [...results, error];
      const middle = rest.length >> 1;
      for (const half of [rest.slice(0, middle), rest.slice(middle)])
        results.push(...(await readApart(connection, half, signal, patience)));
    }
  }
  return results;
}

/** Resolves with whether other statements may succeed after the failure of a request. */
async function isOfStatement(
  connection: InfluxConnection,
  error: CfluxError,
  signal: AbortSignal | undefined,
  patience: { silences: number },
): Promise<boolean> {
  if (isRefusal(error)) return true;
  const reach = reachOf(error);
  if (reach !== 'unclear') return reach === 'none';
  if (error.status === undefined) patience.silences += 1;
  return patience.silences <= maxSilences && connection.isUsable(signal);
}

/** Returns the error of a statement that failed, with its name. */
export const failureOf = (statement = '', error: CfluxError): CfluxError =>
  new CfluxError(error.code, `${statement} failed: ${error.message}`, {
    cause: error,
    retryable: true,
    ...(error.status === undefined ? {} : { status: error.status }),
    ...(error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter }),
  });

/** A statement that reads a part of a server's metadata. */
export interface PartReading {
  readonly statement: string;
  readonly part: Part;
}

/** Reads parts of a server's metadata, and collects the failures of unreadable parts. */
export class PartReader {
  readonly #connection: InfluxConnection;
  readonly #signal: AbortSignal | undefined;
  readonly #patience = { silences: 0 };
  readonly #failures: FailedReading[] = [];

  constructor(connection: InfluxConnection, signal: AbortSignal | undefined) {
    this.#connection = connection;
    this.#signal = signal;
  }

  get unread(): Unread {
    return new Unread(this.#failures);
  }

  /** Resolves with the result of each statement, or with its failure. */
  read(statements: readonly string[]): Promise<(StatementResult | CfluxError)[]> {
    return readApart(this.#connection, statements, this.#signal, this.#patience);
  }

  /** Returns what `parse` finds in a result. If the result or its content is invalid, the part is unread, and `otherwise` is returned. */
  parse<T>(
    { statement, part }: PartReading,
    result: StatementResult | CfluxError | undefined,
    parse: (result: StatementResult | undefined) => T,
    otherwise: T,
  ): T {
    try {
      if (isCfluxError(result)) throw result;
      return parse(result);
    } catch (error) {
      if (!(error instanceof CfluxError)) throw error;
      this.#failures.push({ statement, part, error: failureOf(statement, error) });
      return otherwise;
    }
  }
}
