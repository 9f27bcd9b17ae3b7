import type { QueryResult } from '../../influxql/execute/result-of.js';
import { formatResponse } from '../../influxql/format-response.js';
import type { ResultFormat, ResultPart } from './result-format.js';

/** JSON, on one line or indented. */
export class JsonFormat implements ResultFormat {
  readonly contentType = 'application/json';
  readonly #isPretty: boolean;

  constructor(isPretty: boolean) {
    this.#isPretty = isPretty;
  }

  write(result: QueryResult): ResultPart {
    const text = formatResponse({ results: [result] }, this.#isPretty);
    const [head, tail] = this.#isPretty ? [prettyHead, prettyTail] : [plainHead, plainTail];
    const bytes = Buffer.from(text.slice(head.length, text.length - tail.length));
    return { id: result.statement_id, bytes, error: result.error };
  }

  split(body: Buffer, first: number): readonly ResultPart[] {
    // One character for each byte, so that a text of any encoding comes out as it came in.
    return splitResults(body.toString('latin1'), first);
  }

  join(parts: readonly ResultPart[]): Buffer {
    const pieces = parts.flatMap(({ bytes }, at) =>
      at === 0 ? [bytes] : [Buffer.from(this.#isPretty ? ',\n        ' : ','), bytes],
    );
    const [head, tail] = this.#isPretty ? [prettyHead, prettyTail] : [plainHead, plainTail];
    return Buffer.concat([Buffer.from(head), ...pieces, Buffer.from(`${tail}\n`)]);
  }

  error(text: string): Buffer {
    return Buffer.from(`${formatResponse({ error: text }, this.#isPretty)}\n`);
  }
}

const [plainHead, plainTail] = ['{"results":[', ']}'];
const [prettyHead, prettyTail] = ['{\n    "results": [\n        ', '\n    ]\n}'];

/** A system source fails with number 0 wherever it stands. */
const systemSource = 'unable to use system source';

/** Yields the results of one or more bodies; each is an object within the array `results`. */
function splitResults(text: string, first: number): ResultPart[] {
  const parts: ResultPart[] = [];
  let depth = 0;
  let start = 0;
  let id: Span | undefined;
  let error: Span | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === quote) {
      const end = endOfString(text, at);
      const value = depth === 3 ? valueAfterKey(text, end) : undefined;
      if (value !== undefined) {
        const key = text.slice(at + 1, end - 1);
        if (key === 'statement_id') id = numberAt(text, value);
        else if (key === 'error') error = { start: value, end: endOfString(text, value) };
      }
      at = end - 1;
    } else if (unit === open || unit === openList) {
      depth += 1;
      if (depth === 3 && unit === open) [start, id, error] = [at, undefined, undefined];
    } else if (unit === close || unit === closeList) {
      if (depth === 3 && unit === close)
        parts.push(partOf(text, { start, end: at + 1 }, { id, error }, first));
      depth -= 1;
    }
  }
  return parts;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function partOf(
  text: string,
  { start, end }: Span,
  { id, error }: { readonly id: Span | undefined; readonly error: Span | undefined },
  first: number,
): ResultPart {
  const failure = error && textIn(text, error);
  const own = id === undefined ? 0 : Number(text.slice(id.start, id.end));
  const isOfAll = failure?.startsWith(systemSource) === true;
  const number = isOfAll ? own : own + first;
  const moved =
    id === undefined
      ? text.slice(start, end)
      : `${text.slice(start, id.start)}${number}${text.slice(id.end, end)}`;
  return { id: number, bytes: Buffer.from(moved, 'latin1'), error: failure };
}

const [quote, backslash, colon] = [34, 92, 58];
const [open, close, openList, closeList] = [123, 125, 91, 93];

/** Offset after the string that begins at `at`. */
function endOfString(text: string, at: number): number {
  for (let end = at + 1; end < text.length; end += 1) {
    const unit = text.charCodeAt(end);
    if (unit === backslash) end += 1;
    else if (unit === quote) return end + 1;
  }
  return text.length;
}

/** Offset of the value if the string that ended at `at` is a key. */
function valueAfterKey(text: string, at: number): number | undefined {
  if (text.charCodeAt(at) !== colon) return undefined;
  return text.charAt(at + 1) === ' ' ? at + 2 : at + 1;
}

function numberAt(text: string, start: number): Span {
  let end = start;
  while (text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end += 1;
  return { start, end };
}

function textIn(text: string, { start, end }: Span): string {
  return String(JSON.parse(Buffer.from(text.slice(start, end), 'latin1').toString('utf8')));
}
