import type { QueryResponse } from './execute/execute-query.js';
import type { Cell, Series } from './execute/series.js';

/**
 * Formats a response as CSV, byte for byte like InfluxDB, except for integers and lists, for which InfluxDB repeats the column name.
 * The columns of the first table are the header; those of a different table follow an empty line. Changes and failed statements have
 * no line.
 *
 * @example
 * ```ts
 * const response = await executeQuery(client, 'CREATE DATABASE d; SHOW RETENTION POLICIES ON d');
 * console.log(formatCsv(response));
 * ```
 */
export function formatCsv({ results = [], error }: QueryResponse): string {
  if (error !== undefined) return lineOf(['error']) + lineOf([error]);
  const parts: string[] = [];
  let head = '';
  for (const { series = [] } of results) {
    for (const table of series) {
      const columns = lineOf(['name', 'tags', ...table.columns]);
      if (columns !== head) parts.push(head === '' ? columns : `\n${columns}`);
      head = columns;
      parts.push(...rowsOf(table));
    }
  }
  return parts.join('');
}

const rowsOf = ({ name = '', values = [] }: Series): readonly string[] =>
  values.map((row) => lineOf([name, '', ...row.map(cellText)]));

function cellText(cell: Cell): string {
  if (cell === null) return '';
  return typeof cell === 'object' ? `[${cell.join(' ')}]` : String(cell);
}

const lineOf = (fields: readonly string[]) => `${fields.map(quoted).join(',')}\n`;

/** Quotes like Go's `encoding/csv`: a value with a comma, a quote, a line end or a leading space. */
const quoted = (field: string) =>
  /[",\r\n]|^\s|^\\\.$/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
