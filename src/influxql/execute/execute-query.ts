import { isCfluxError } from '../../errors.js';
import type { BoundParameters } from '../bound-parameters.js';
import { parseStatements } from '../parse-statements.js';
import { trimQuery } from '../trim-query.js';
import {
  clusterStatements,
  type HashPassword,
  hashByDefault,
  prepareStatements,
} from './prepare-statements.js';
import { type QueryResult, resultOf } from './result-of.js';
import {
  type PreparedStatement,
  type QueryTarget,
  type RunOptions,
  StatementRunner,
} from './run-statements.js';

/** How a query is executed. */
export interface QueryOptions extends RunOptions {
  /** Values of bound parameters (`$name`). Passwords are best given so: then they are not part of the text. */
  readonly params?: BoundParameters;
  /** Whether changes add the warning that InfluxDB gives to changes by GET. Default: false. */
  readonly readOnly?: boolean;
  /** Whether all statements are one change, and one version, or none. Default: false, each is its own. */
  readonly atomic?: boolean;
  /** Hashes passwords. Default: bcrypt with cost 10. */
  readonly hashPassword?: HashPassword;
}

/** InfluxDB's response to a query: results, or the error of a query of which nothing was executed; `{}` for one without statements. */
export interface QueryResponse {
  readonly results?: readonly QueryResult[];
  readonly error?: string;
}

/**
 * Executes the statements of `text` on a cluster, and returns InfluxDB's JSON object.
 *
 * A text that is not InfluxQL, one with a statement that only a server can run, and one that the user may not execute give `{ error }`,
 * and nothing is executed. A statement that fails has its own `error`, and those behind it `not executed`. (InfluxDB itself puts
 * `not executed` in place of the text and leaves the others out.) With `atomic`, a failure undoes all.
 *
 * Privileges and the user's password hash are judged on the metadata that a change is applied to, each time it is applied.
 *
 * @param target A `CfluxClient`, or anything else with `data` and `mutate`.
 * @example
 * ```ts
 * const text = 'CREATE DATABASE sensors; SHOW RETENTION POLICIES ON sensors';
 * const response = await executeQuery(client, text);
 * console.log(response.results?.[1]?.series?.[0]?.values?.[0]?.[0]); // autogen
 * ```
 */
export async function executeQuery(
  target: QueryTarget,
  text: string,
  options: QueryOptions = {},
): Promise<QueryResponse> {
  const { params = {}, readOnly = false, atomic = false, hashPassword = hashByDefault } = options;
  const runner = new StatementRunner(target, options);
  let prepared: readonly PreparedStatement[];
  try {
    const trimmed = trimQuery(text);
    const statements = clusterStatements(trimmed, parseStatements(trimmed, params));
    if (statements.length === 0) return {};
    // Nobody makes this process hash passwords without being allowed to use them.
    await runner.authorize(statements.map((statement) => ({ statement })));
    prepared = await prepareStatements(statements, hashPassword);
  } catch (error) {
    if (isCfluxError(error)) return { error: explained(error.code, error.message) };
    throw error;
  }
  const outcomes = await (atomic ? runner.runTogether(prepared) : runner.runEach(prepared));
  const results = outcomes.map((outcome, at) => resultOf(outcome, at, readOnly ? prepared[at] : undefined));
  return { results };
}

/** InfluxDB's prefixes. */
function explained(code: string, message: string): string {
  if (code === 'INFLUXQL_SYNTAX') return `error parsing query: ${message}`;
  return code === 'NOT_AUTHORIZED' ? `error authorizing query: ${message}` : message;
}
