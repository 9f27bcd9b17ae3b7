import type { QueryResult } from '../../influxql/execute/result-of.js';
import { formatCsv } from '../../influxql/format-csv.js';
import type { ResultFormat, ResultPart } from './result-format.js';

/** CSV: tables with an empty line between them. Changes and failures have no line. */
export class CsvFormat implements ResultFormat {
  readonly contentType = 'text/csv';

  write(result: QueryResult): ResultPart {
    const bytes = Buffer.from(formatCsv({ results: [result] }));
    return { id: result.statement_id, bytes, error: result.error };
  }

  /** A body has no marks of its statements. */
  split(body: Buffer, first: number): readonly ResultPart[] {
    return [{ id: first, bytes: body, error: undefined }];
  }

  join(parts: readonly ResultPart[]): Buffer {
    const tables = parts.filter(({ bytes }) => bytes.length > 0);
    return Buffer.concat(
      tables.flatMap(({ bytes }, at) => (at === 0 ? [bytes] : [Buffer.from('\n'), bytes])),
    );
  }

  error(text: string): Buffer {
    return Buffer.from(formatCsv({ error: text }));
  }
}
