import type { QueryResponse } from './execute/execute-query.js';
import type { Cell, Series } from './execute/series.js';

/**
 * The CSV text of a response, to the byte as InfluxDB writes it, but for whole numbers and lists, in whose place InfluxDB repeats the head of
 * the column. The columns of the first table are the head, those of another table follow an empty line; neither changes nor failed
 * statements have a line.
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

/** As Go's `encoding/csv`: quotes around what has a comma, a quote, a line end, or a blank at its start. */
const quoted = (field: string) =>
  /[",\r\n]|^\s|^\\\.$/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
