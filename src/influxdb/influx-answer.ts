import { CfluxError } from '../errors.js';
import { isJsonObject } from '../json-object.js';
import { type Json, parseLosslessJson } from './lossless-json.js';

/** Rows of one answer. */
export interface Series {
  /** What the rows belong to, often a database; empty where InfluxDB gives none. */
  readonly name: string;
  /** Empty except in the answer to SHOW STATS. */
  readonly tags: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly Json[])[];
}

/** The answer to one statement of a request. */
export interface StatementAnswer {
  readonly series: readonly Series[];
  /** InfluxDB's own text; it comes with HTTP status 200. */
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
 * The answers to `count` statements of one request, in their order, from a body requested with `chunked=true`: one JSON object
 * per line, an answer possibly in several pieces. InfluxDB stops at the first statement that fails, so its answer is the last.
 * Fewer answers than that throw `BAD_ANSWER`: an empty response of a proxy must not pass for a server without databases.
 */
export function readAnswers(body: string, count: number): readonly StatementAnswer[] {
  const drafts = new Map<number, Draft>();
  for (const line of body.split('\n')) {
    if (line.trim() !== '') readLine(line, count, drafts);
  }
  const answers: StatementAnswer[] = [];
  for (let id = 0; id < count; id++) {
    const draft = drafts.get(id);
    if (draft === undefined)
      throw badAnswer(`the response has results for ${drafts.size} of ${count} statements`);
    // Only a limit of the server's own cuts a chunked answer: what is missing would be taken for dropped.
    if (draft.partial) throw badAnswer('the server cut its answer short');
    const { series, error } = draft;
    answers.push(error === undefined ? { series } : { series, error });
    if (error !== undefined) break;
  }
  return answers;
}

/** The text of an `{"error":"…"}` body; `undefined` where the body is something else, a proxy's page for one. */
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
  if (failure !== undefined) throw badAnswer(failure);
  for (const result of listAt(answer, 'results')) {
    const id = at(result, 'statement_id');
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= count)
      throw badAnswer('a result without its statement');
    const draft = drafts.get(id) ?? { series: [], partial: false };
    drafts.set(id, draft);
    const error = textAt(result, 'error');
    // In a chunked answer the error itself comes first, then a line that overwrites it with `not executed`.
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
  // One by one: an argument list is limited, the rows of a chunk are not.
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
    throw new CfluxError('BAD_ANSWER', 'the answer is not what InfluxDB 1.x answers', {
      cause,
      retryable: true,
    });
  }
}

/**
 * A result without columns, of a statement that always has some. A proxy or a stub sent it: InfluxDB 2 and 3 respond with an error, or
 * with columns of their own.
 */
export class MissingColumns extends CfluxError {
  constructor(statement: string) {
    super('BAD_ANSWER', `an unexpected answer of InfluxDB: ${statement} without columns`, {
      retryable: true,
    });
  }
}

const badAnswer = (why: string) => new CfluxError('BAD_ANSWER', why, { retryable: true });

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
