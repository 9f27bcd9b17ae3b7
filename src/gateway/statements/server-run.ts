import { CfluxError } from '../../errors.js';
import { CsvFormat } from '../formats/csv-format.js';
import { JsonFormat } from '../formats/json-format.js';
import type { ResultFormat, ResultPart } from '../formats/result-format.js';
import type { ClassifiedStatement } from './classify.js';
import type { ServerQueries, ServerResponse } from './server-queries.js';

/** The results of a run of statements on the server. */
export interface ServerRun {
  readonly parts: readonly ResultPart[];
  /** The number of the statement that failed; `undefined` if none did. */
  readonly failedAt: number | undefined;
}

type ServerStatement = Extract<ClassifiedStatement, { by: 'server' }>;

interface RunPlace {
  /** The number of the first statement in the whole request. */
  readonly first: number;
  /** Whether nothing follows, so that it does not matter whether one failed. */
  readonly isLast: boolean;
}

/** Runs `statements` on the server in one request. */
export async function serverRun(
  queries: ServerQueries,
  format: ResultFormat,
  statements: readonly ServerStatement[],
  place: RunPlace,
): Promise<ServerRun> {
  if (format instanceof CsvFormat && !place.isLast) return csvRun(queries, format, statements, place.first);
  const { first } = place;
  const text = statements.map((statement) => statement.text).join(';\n');
  const parts = format.split(bodyOf(await queries.send(text)), first);
  const last = parts.findLast(({ error }) => error !== undefined);
  if (last === undefined) return { parts, failedAt: undefined };
  return { parts, failedAt: last.id >= first ? last.id : first + indexOfSource(statements, last.error) };
}

/** CSV does not show whether a statement failed: each is sent alone, and one without rows is asked again in JSON, if it only reads. */
async function csvRun(
  queries: ServerQueries,
  format: ResultFormat,
  statements: readonly ServerStatement[],
  first: number,
): Promise<ServerRun> {
  const parts: ResultPart[] = [];
  for (const [at, { text, command }] of statements.entries()) {
    const id = first + at;
    const hasRows = !withoutRows.test(command);
    if (hasRows) parts.push(...format.split(bodyOf(await queries.send(text)), id));
    const isEmpty = !hasRows || parts.at(-1)?.bytes.length === 0;
    // An empty response of SELECT INTO, which always has a row, is a failure.
    const isFailure = isEmpty && (/\binto\b/i.test(text) || (await isFailed(queries, text, id)));
    if (isFailure) return { parts, failedAt: id };
  }
  return { parts, failedAt: undefined };
}

/** Commands whose results have no rows. */
const withoutRows = /^(DELETE|DROP|KILL|CREATE)/;

async function isFailed(queries: ServerQueries, text: string, id: number): Promise<boolean> {
  const response = await queries.send(text, { accept: 'application/json' });
  return new JsonFormat(false).split(bodyOf(response), id).some(({ error }) => error !== undefined);
}

/** The dry run showed that the server accepts the statements, so that another status is a failure of the server. */
function bodyOf({ status, body }: ServerResponse): Buffer {
  if (status === 200) return body;
  throw new CfluxError(
    'UNAVAILABLE',
    `InfluxDB responded with status ${status}: ${body.toString('utf8', 0, 1_024)}`,
  );
}

/** Position of the statement that uses the system source of an error, whose number is always 0. */
function indexOfSource(statements: readonly ServerStatement[], error = ''): number {
  const source = /'(.*?)'/.exec(error)?.[1] ?? '';
  return Math.max(
    0,
    statements.findIndex(({ text }) => text.includes(source)),
  );
}
