import { CsvFormat } from './csv-format.js';
import { JsonFormat } from './json-format.js';
import { MsgpackFormat } from './msgpack-format.js';
import type { ResultFormat } from './result-format.js';

/** Returns the format of responses to a request: the server compares `Accept` as a whole. */
export function chooseFormat(accept: string | undefined, isPretty: boolean): ResultFormat {
  if (accept === 'application/csv' || accept === 'text/csv') return new CsvFormat();
  if (accept === 'application/x-msgpack') return new MsgpackFormat();
  return new JsonFormat(isPretty);
}
