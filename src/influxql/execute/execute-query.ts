import { argument, checkArgument } from '../../check-arguments.js';
import { checkMethods, optionsCheck } from '../../check-options.js';
import { isCfluxError } from '../../errors.js';
import { either, flag, func, nothing, object, string, text } from '../../value-kinds.js';
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

/** Options of {@link executeQuery}. */
export interface QueryOptions extends RunOptions {
  /** Values of bound parameters (`$name`). Use them for passwords, so that the text does not contain them. */
  readonly params?: BoundParameters;
  /** Whether to add InfluxDB's warning about changes by GET. Default: false. */
  readonly readOnly?: boolean;
  /** Whether to make all statements one change and one version, or none. Default: false, one change per statement. */
  readonly atomic?: boolean;
  /** Hashes passwords. Default: bcrypt with cost 10. */
  readonly hashPassword?: HashPassword;
}

const checkOptions = optionsCheck<QueryOptions>('executeQuery', {
  params: object,
  readOnly: flag,
  atomic: flag,
  hashPassword: func,
  // `null`: authentication is on, without a user.
  user: either(object, nothing),
  database: string,
  retentionPolicy: string,
  serverVersion: text,
});

/** InfluxDB's response to a query: results, or an error if nothing was executed; `{}` for a query without statements. */
export interface QueryResponse {
  readonly results?: readonly QueryResult[];
  readonly error?: string;
}

/**
 * Executes the statements of `text` on a cluster, and returns InfluxDB's JSON object.
 *
 * Returns `{ error }` without executing anything if the text is not valid InfluxQL, has a statement that only a server can execute, or
 * is not allowed for the user. A statement that fails has its own `error`, and later ones have `not executed`. (InfluxDB itself
 * replaces the text by `not executed` and omits the others.) With `atomic`, a failure rolls back all.
 *
 * Privileges and the user's password hash are checked on the metadata that a change is applied to, each time it is applied.
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
  checkMethods('target of executeQuery', target, ['data', 'mutate']);
  checkArgument('executeQuery', argument('text', string), text);
  checkOptions(options);
  const { params = {}, readOnly = false, atomic = false, hashPassword = hashByDefault } = options;
  const runner = new StatementRunner(target, options);
  let prepared: readonly PreparedStatement[];
  try {
    const trimmed = trimQuery(text);
    const statements = clusterStatements(trimmed, parseStatements(trimmed, params));
    if (statements.length === 0) return {};
    // Authorize first, so that an unauthorized user cannot make this process hash passwords.
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
