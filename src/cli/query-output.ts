import { formatCsv, formatResponse, type QueryResponse } from '../influxql/index.js';
import { printableJson } from '../printable.js';
import { tableLines } from './table.js';
import type { Terminal } from './terminal.js';

/** Output formats of results: text tables, or InfluxDB's CSV or JSON. */
export const queryFormats = ['table', 'csv', 'json'] as const;
export type QueryFormat = (typeof queryFormats)[number];

/** Writes the results of statements. */
export function writeResults(response: QueryResponse, format: QueryFormat, terminal: Terminal): void {
  if (format === 'json') {
    terminal.out(printableJson(formatResponse(response)));
    return;
  }
  if (format === 'csv') {
    const text = formatCsv(response);
    if (text !== '') terminal.out(text.trimEnd());
    return;
  }
  const tables = (response.results ?? []).flatMap(({ series = [] }) => series);
  tables.forEach(({ name, columns, values = [] }, at) => {
    if (at > 0) terminal.out('');
    if (name !== undefined) terminal.out(`name: ${name}`);
    const rows = values.map((row) =>
      row.map((cell) =>
        typeof cell === 'number' ? cell : Array.isArray(cell) ? cell.join(', ') : String(cell ?? ''),
      ),
    );
    for (const line of tableLines(columns, rows)) terminal.out(line);
  });
}
