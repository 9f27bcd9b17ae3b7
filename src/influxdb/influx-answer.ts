import { CfluxError, type CfluxErrorCode } from '../errors.js';
import { type Json, parseLosslessJson } from './lossless-json.js';

/** Rows of one answer. */
export interface Series {
  /** What the rows belong to, often a database; empty where InfluxDB gives none. */
  readonly name: string;
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
  series: { name: string; columns: readonly string[]; values: (readonly Json[])[] }[];
  error?: string;
  partial: boolean;
}

/**
 * The answers to the statements of one request, in their order, from a body asked for with `chunked=true`: one JSON object a
 * line, an answer perhaps in several pieces. After a failing statement the others are missing, or `not executed`.
 */
export function readAnswers(body: string): readonly StatementAnswer[] {
  const drafts: Draft[] = [];
  for (const line of body.split('\n')) {
    if (line.trim() !== '') readLine(line, drafts);
  }
  return Array.from(drafts, (draft = { series: [], partial: false }) => {
    // Only a limit of the server's own cuts a chunked answer: what is missing would be taken for dropped.
    if (draft.partial) throw badAnswer('the server cut its answer short');
    const { series, error } = draft;
    return error === undefined ? { series } : { series, error };
  });
}

/** The text of an `{"error":"…"}` body; `undefined` where the body is something else, a proxy's page for one. */
export function readError(body: string): string | undefined {
  try {
    return textAt(parseLosslessJson(body), 'error');
  } catch {
    return undefined;
  }
}

function readLine(line: string, drafts: Draft[]): void {
  const answer = parse(line);
  const failure = textAt(answer, 'error');
  if (failure !== undefined) throw badAnswer(failure);
  for (const result of listAt(answer, 'results')) {
    const id = at(result, 'statement_id');
    if (typeof id !== 'number' || id < 0 || id > 1e6) throw badAnswer('a result without its statement');
    const draft = drafts[id] ?? { series: [], partial: false };
    drafts[id] = draft;
    const error = textAt(result, 'error');
    // In a chunked answer the error itself comes first, then a line that overwrites it with `not executed`.
    if (error !== undefined) draft.error ??= error;
    draft.partial = at(result, 'partial') === true;
    for (const piece of listAt(result, 'series')) addSeries(draft, piece);
  }
}

function addSeries(draft: Draft, piece: Json): void {
  const name = textAt(piece, 'name') ?? '';
  const columns = listAt(piece, 'columns').map(String);
  const values = listAt(piece, 'values').map((row) => (Array.isArray(row) ? row : []));
  const last = draft.series.at(-1);
  const continues = last?.name === name && last.columns.join() === columns.join();
  if (continues) last.values.push(...values);
  else draft.series.push({ name, columns, values });
  if (at(piece, 'partial') === true) draft.partial = true;
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

const badAnswer = (why: string) => new CfluxError('BAD_ANSWER', why, { retryable: true });

function at(value: Json | undefined, key: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textAt(value: Json, key: string): string | undefined {
  const text = at(value, key);
  return typeof text === 'string' ? text : undefined;
}

function listAt(value: Json, key: string): readonly Json[] {
  const list = at(value, key);
  return Array.isArray(list) ? list : [];
}

const codes: readonly [beginning: string, code: CfluxErrorCode][] = [
  ['database not found: ', 'DATABASE_NOT_FOUND'],
  ['retention policy not found: ', 'RETENTION_POLICY_NOT_FOUND'],
  ['retention policy already exists', 'RETENTION_POLICY_EXISTS'],
  ['retention policy conflicts with an existing policy', 'RETENTION_POLICY_CONFLICT'],
  ['retention policy duration must be at least', 'RETENTION_POLICY_DURATION_TOO_LOW'],
  ['retention policy duration must be greater', 'INCOMPATIBLE_DURATIONS'],
  ['continuous query already exists', 'CONTINUOUS_QUERY_EXISTS'],
  ['subscription already exists', 'SUBSCRIPTION_EXISTS'],
  ['subscription not found', 'SUBSCRIPTION_NOT_FOUND'],
  ['invalid subscription URL: ', 'INVALID_SUBSCRIPTION_URL'],
  ['user already exists', 'USER_EXISTS'],
  ['user not found', 'USER_NOT_FOUND'],
  ['username required', 'USERNAME_REQUIRED'],
  ['invalid name', 'INVALID_NAME'],
  ['name too long', 'NAME_TOO_LONG'],
];

/** The refusal that InfluxDB words as `text`. */
export function refusal(text: string): CfluxError {
  const code = codes.find(([beginning]) => text.startsWith(beginning))?.[1];
  return new CfluxError(code ?? 'STATEMENT_REFUSED', text, { outcome: 'none' });
}
