import { firstOf } from './query-request.js';
import { parseUrlValues } from './url-values.js';

/** Paths whose parameter names a database, besides `/query`. */
const byDatabase: ReadonlySet<string> = new Set(['/write', '/api/v1/prom/write', '/api/v1/prom/read']);
/** Paths whose parameter names a database and perhaps a policy, as `database/policy`. */
const byBucket: ReadonlySet<string> = new Set(['/api/v2/write', '/api/v2/delete']);

/** Returns the database of a request that is not to `/query`; empty if it has none. */
export function databaseOf(path: string, search: string): string {
  if (byDatabase.has(path)) return firstOf(parseUrlValues(search), 'db');
  if (byBucket.has(path)) return firstOf(parseUrlValues(search), 'bucket').split('/', 1)[0] ?? '';
  return '';
}
