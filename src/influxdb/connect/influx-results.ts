import { CfluxError } from '../../errors.js';
import { isJsonObject } from '../../json-object.js';
import { type Json, parseLosslessJson } from './lossless-json.js';

/** Rows of a result. */
export interface Series {
  /** Name of the series, often a database; empty if InfluxDB returns none. */
  readonly name: string;
  /** Empty except in the result of SHOW STATS. */
  readonly tags: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly Json[])[];
}

/** The result of one statement of a request. */
export interface StatementResult {
  readonly series: readonly Series[];
  /** InfluxDB's own text; the HTTP status is 200. */
  readonly error?: string;
}

interface Draft {
  series: {
    name: string;
    tags: Readonly<Record<string, string>>;
    columns: readonly string[];
    values: (readonly Json[])[];
  }[];
  error?: string;
  partial: boolean;
}

/**
 * Parses the results of `count` statements of one request, in order, from a body requested with `chunked=true`: one JSON object
 * per line, a result possibly in several chunks. InfluxDB stops at the first statement that fails, so that result is the last.
 * Missing results throw `BAD_ANSWER`: an empty response of a proxy must not be read as a server without databases.
 */
export function readResults(body: string, count: number): readonly StatementResult[] {
  const drafts = new Map<number, Draft>();
  for (const line of body.split('\n')) {
    if (line.trim() !== '') readLine(line, count, drafts);
  }
  const answers: StatementResult[] = [];
  for (let id = 0; id < count; id++) {
    const draft = drafts.get(id);
    if (draft === undefined)
      throw badResponse(`the response has results for ${drafts.size} of ${count} statements`);
    // Only a limit of the server truncates a chunked response; missing items would count as dropped.
    if (draft.partial) throw badResponse('the server truncated its response');
    const { series, error } = draft;
    answers.push(error === undefined ? { series } : { series, error });
    if (error !== undefined) break;
  }
  return answers;
}

/** Returns the text of an `{"error":"…"}` body; `undefined` for any other body, such as a proxy's page. */
export function readError(body: string): string | undefined {
  try {
    return textAt(parseLosslessJson(body), 'error');
  } catch {
    return undefined;
  }
}

function readLine(line: string, count: number, drafts: Map<number, Draft>): void {
  const answer = parse(line);
  const failure = textAt(answer, 'error');
  if (failure !== undefined) throw badResponse(failure);
  for (const result of listAt(answer, 'results')) {
    const id = at(result, 'statement_id');
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= count)
      throw badResponse('a result without its statement id');
    const draft = drafts.get(id) ?? { series: [], partial: false };
    drafts.set(id, draft);
    const error = textAt(result, 'error');
    // In a chunked response the error comes first, then a line that overwrites it with `not executed`.
    if (error !== undefined) draft.error ??= error;
    draft.partial = at(result, 'partial') === true;
    for (const piece of listAt(result, 'series')) addSeries(draft, piece);
  }
}

function addSeries(draft: Draft, piece: Json): void {
  const name = textAt(piece, 'name') ?? '';
  const tags = tagsOf(piece);
  const columns = listAt(piece, 'columns').map(String);
  const values = listAt(piece, 'values').map((row) => (Array.isArray(row) ? row : []));
  const last = draft.series.at(-1);
  const continues = last?.name === name && isSameText(last.columns, columns) && isSameText(last.tags, tags);
  // Not by push(...), because the length of an argument list is limited.
  if (continues) for (const row of values) last.values.push(row);
  else draft.series.push({ name, tags, columns, values });
  if (at(piece, 'partial') === true) draft.partial = true;
}

const isSameText = (one: object, other: object) => JSON.stringify(one) === JSON.stringify(other);

function tagsOf(piece: Json): Record<string, string> {
  const tags = at(piece, 'tags');
  if (!isJsonObject(tags)) return {};
  return Object.fromEntries(
    Object.entries(tags).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
  );
}

function parse(line: string): Json {
  try {
    return parseLosslessJson(line);
  } catch (cause) {
    throw new CfluxError('BAD_ANSWER', 'the response is not one of InfluxDB 1.x', {
      cause,
      retryable: true,
    });
  }
}

/**
 * The error for a result without columns, of a statement that always has columns. A proxy or a stub sent it: InfluxDB 2 and 3 respond
 * with an error, or with other columns.
 */
export class MissingColumns extends CfluxError {
  constructor(statement: string) {
    super('BAD_ANSWER', `unexpected response of InfluxDB: ${statement} without columns`, {
      retryable: true,
    });
  }
}

const badResponse = (why: string) => new CfluxError('BAD_ANSWER', why, { retryable: true });

function at(value: Json | undefined, key: string): Json | undefined {
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function textAt(value: Json, key: string): string | undefined {
  const text = at(value, key);
  return typeof text === 'string' ? text : undefined;
}

function listAt(value: Json, key: string): readonly Json[] {
  const list = at(value, key);
  return Array.isArray(list) ? list : [];
}
