import { randomBytes } from 'node:crypto';
import { isJsonObject } from '../../json-object.js';
import type { ServerQueries, ServerResponse } from './server-queries.js';

/** What the server would do with a request. */
export interface Verdict {
  /** A response to the request, apart from its body: its headers are those that the client expects. */
  readonly response: ServerResponse;
  /** The error of a request that the server would not execute; `undefined` if it would. */
  readonly error: string | undefined;
}

/** No server has a database of this name, so that the statement before the others always fails. */
const nowhere = `cflux-${randomBytes(16).toString('hex')}`;
const marker = `SHOW TAG KEY EXACT CARDINALITY ON "${nowhere}";\n`;

/** The last place in a parse error; the text before it may contain another one. */
const place = /^([\s\S]*) at line (\d+), char/;

/**
 * Asks the server whether it would execute `text`, without effect: a statement that always fails goes before it. So errors are the
 * server's own, in every version of its grammar. Its credentials are the client's.
 */
export async function dryRun(queries: ServerQueries, text: string): Promise<Verdict> {
  const response = await queries.send(marker + text, { accept: 'application/json', isDryRun: true });
  const error = response.status === 200 ? undefined : errorIn(response);
  return { response, error: error?.replace(place, withoutMarker) };
}

/** The marker takes line 1: an error there has no place, and InfluxDB names the first one. */
const withoutMarker = (_: string, before: string, line: string) =>
  `${before} at line ${Math.max(1, Number(line) - 1)}, char`;

function errorIn({ body, status }: ServerResponse): string {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    if (isJsonObject(parsed) && typeof parsed['error'] === 'string') return parsed['error'];
  } catch {
    // Not a response of InfluxDB.
  }
  return `InfluxDB responded with status ${status}`;
}
