import { printStatement } from '../print/print-statement.js';
import { isRead } from './read-metadata.js';
import type { PreparedStatement, StatementOutcome } from './run-statements.js';
import type { Series } from './series.js';

/** The result of one statement, in InfluxDB's JSON. */
export interface QueryResult {
  readonly statement_id: number;
  readonly messages?: readonly { readonly level: string; readonly text: string }[];
  readonly series?: readonly Series[];
  readonly error?: string;
}

/** Returns the result of statement `id`, counted from 0. `warned` is the statement if its change needs a warning. */
export function resultOf(outcome: StatementOutcome, id: number, warned?: PreparedStatement): QueryResult {
  if (outcome.state === 'notExecuted') return { statement_id: id, error: 'not executed' };
  if (outcome.state === 'failed') return { statement_id: id, error: outcome.error.message };
  const series = outcome.series.length > 0 ? { series: outcome.series } : {};
  if (warned === undefined || isRead(warned.statement)) return { statement_id: id, ...series };
  const printed = outcome.storedText ?? printStatement(warned.statement, { portable: false });
  const text = `deprecated use of '${printed}' in a read only context, please use a POST request instead`;
  return { statement_id: id, messages: [{ level: 'warning', text }], ...series };
}
