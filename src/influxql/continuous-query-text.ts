import { findByName } from '../meta/named-list.js';
import { databaseNotFound } from '../meta/refusals.js';
import { needsQuotes } from './keywords.js';
import { parseStatements } from './parse-statements.js';
import type { PrintOptions } from './print/print-select.js';
import { printStatement } from './print/print-statement.js';
import { type Databases, qualifySelect } from './qualify-select.js';
import { refused } from './refused.js';
import type { Expression, SelectStatement } from './select.js';
import type { ContinuousQueryStatement } from './statement.js';

/** Database and policy that a query was sent to; both may be left out. */
export interface QueryPlace {
  readonly database?: string;
  readonly retentionPolicy?: string;
}

/**
 * The text under which a continuous query is stored: normalised as InfluxDB does it, every measurement with its database and policy.
 *
 * InfluxDB prints neither the name behind DISTINCT nor that of a function in quotes, so a stored text could hold other statements: such
 * names are refused here, and so is every text that would not be read again as one statement that makes this query.
 *
 * @param place Stands in for the query's own database and its default policy, as the parameters `db` and `rp` of a request do.
 * @throws CfluxError with InfluxDB's own text where something does not exist; `STATEMENT_REFUSED`
 * @example
 * ```ts
 * await client.createDatabase('sensors');
 * const text = 'CREATE CONTINUOUS QUERY c ON sensors BEGIN SELECT v INTO copy FROM raw END';
 * const [first] = parseStatements(text);
 * if (first?.statement.kind === 'createContinuousQuery')
 *   console.log(continuousQueryText(first.statement, await client.data()).includes('sensors.autogen.raw')); // true
 * ```
 */
export function continuousQueryText(
  statement: ContinuousQueryStatement,
  data: Databases,
  place: QueryPlace = {},
  options: PrintOptions = {},
): string {
  checkPlainNames(statement.select);
  const select = qualifySelect(statement.select, data, {
    database: place.database || statement.database,
    policy: place.retentionPolicy ?? '',
  });
  if (findByName(data.databases, statement.database) === undefined)
    throw databaseNotFound(statement.database);
  const qualified = { ...statement, select };
  const text = printStatement(qualified);
  if (!isReadBack(text, statement)) {
    throw refused('cannot store the continuous query: its text would be read as another statement');
  }
  const isDefault = options.numbers === undefined && options.portable === undefined;
  return isDefault ? text : printStatement(qualified, options);
}

/** Whether `text` is one statement, which makes this continuous query. */
function isReadBack(text: string, { name, database }: ContinuousQueryStatement): boolean {
  try {
    const [placed, ...others] = parseStatements(text);
    const statement = placed?.statement;
    if (statement?.kind !== 'createContinuousQuery' || others.length > 0) return false;
    return statement.name === name && statement.database === database;
  } catch {
    return false;
  }
}

function checkPlainNames(select: SelectStatement): void {
  for (const { expression } of select.fields) checkExpression(expression);
  for (const dimension of select.dimensions) checkExpression(dimension);
  if (select.condition !== undefined) checkExpression(select.condition);
  for (const source of select.sources) if (source.kind === 'subquery') checkPlainNames(source.select);
}

function checkExpression({ operands }: Expression): void {
  for (const operand of operands) {
    if (operand.kind === 'distinct') checkPlainName(operand.name, 'the field behind DISTINCT');
    else if (operand.kind === 'parenthesis') checkExpression(operand.inner);
    else if (operand.kind === 'call') {
      if (operand.name !== 'distinct') checkPlainName(operand.name, 'a function');
      for (const argument of operand.args) checkExpression(argument);
    }
  }
}

function checkPlainName(name: string, described: string): void {
  if (name !== '' && !needsQuotes(name)) return;
  throw refused(
    `cannot store the continuous query: InfluxDB would store the name of ${described}, ${JSON.stringify(name)}, without quotes, as other text; use a name of letters, digits and underscores`,
  );
}
