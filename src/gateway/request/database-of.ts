import { firstOf } from './query-request.js';
import { parseUrlValues, type UrlValues } from './url-values.js';

/** A database that a request names, and perhaps a policy in it. Empty names: none, and the default policy. */
export interface RequestPlace {
  readonly database: string;
  readonly policy: string;
}

/** Paths whose parameter names a database, besides `/query`. */
const byDatabase: ReadonlySet<string> = new Set(['/write', '/api/v1/prom/write', '/api/v1/prom/read']);
/** Paths whose parameter names a database and perhaps a policy, as `database/policy`. */
const byBucket: ReadonlySet<string> = new Set(['/api/v2/write', '/api/v2/delete']);

/** Returns what a request names that is not to `/query`. */
export function placeOf(path: string, search: string): RequestPlace {
  if (byDatabase.has(path)) return placeIn(parseUrlValues(search));
  if (byBucket.has(path)) return placeOfBucket(firstOf(parseUrlValues(search), 'bucket'));
  return nowhere;
}

/** Returns what the parameters of a query or write name. */
export const placeIn = (values: UrlValues): RequestPlace => ({
  database: firstOf(values, 'db'),
  policy: firstOf(values, 'rp'),
});

/** Returns what a bucket names: in InfluxDB 1.x `database` or `database/policy`. */
export function placeOfBucket(bucket: string): RequestPlace {
  const [database = '', ...policy] = bucket.split('/');
  return { database, policy: policy.join('/') };
}

const nowhere: RequestPlace = { database: '', policy: '' };
