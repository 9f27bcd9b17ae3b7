import type { QueryResult } from '../../influxql/execute/result-of.js';

/** One result of a response, as it is in the body. */
export interface ResultPart {
  /** The statement's number in the whole request. */
  readonly id: number;
  readonly bytes: Buffer;
  /** The text of a failure; `undefined` for a result. */
  readonly error: string | undefined;
}

/** One of the formats of InfluxDB's responses. */
export interface ResultFormat {
  readonly contentType: string;
  /** Writes a result of the gateway. */
  write(result: QueryResult): ResultPart;
  /** Splits a body of the server, whose statements begin with number `first` of the whole request. */
  split(body: Buffer, first: number): readonly ResultPart[];
  /** Joins results to one body, or to one chunk. */
  join(parts: readonly ResultPart[]): Buffer;
  /** Writes the error of a request that was not executed. */
  error(text: string): Buffer;
}
