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

/** Database and policy that a query was sent to; both are optional. */
export interface QueryPlace {
  readonly database?: string;
  readonly retentionPolicy?: string;
}

/**
 * Returns the stored text of a continuous query: normalised like InfluxDB's, every measurement with its database and policy.
 *
 * InfluxDB does not quote the name after DISTINCT or of a function, so a stored text could contain other statements. Such names are
 * refused, and so is every text that would not be parsed again as one statement that creates this query.
 *
 * @param place Replaces the query's database and its default policy, like the parameters `db` and `rp` of a request.
 * @throws CfluxError with InfluxDB's own text if something does not exist; `STATEMENT_REFUSED`
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

/** Returns whether `text` is exactly one statement that creates this continuous query. */
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
