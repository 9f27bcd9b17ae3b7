import { CfluxError, type CfluxErrorCode, type CfluxErrorOf, isCfluxError } from '../../errors.js';

/** Beginnings of InfluxDB 1.x error texts that refuse a statement independently of the state of the server. */
const refusals: readonly [beginning: string, code: CfluxErrorCode][] = [
  ['database not found: ', 'DATABASE_NOT_FOUND'],
  ['retention policy not found: ', 'RETENTION_POLICY_NOT_FOUND'],
  ['retention policy already exists', 'RETENTION_POLICY_EXISTS'],
  ['retention policy conflicts with an existing policy', 'RETENTION_POLICY_CONFLICT'],
  ['retention policy duration must be at least', 'RETENTION_POLICY_DURATION_TOO_LOW'],
  ['retention policy duration must be greater', 'INCOMPATIBLE_DURATIONS'],
  ['negative write limit', 'NEGATIVE_WRITE_LIMIT'],
  ['continuous query already exists', 'CONTINUOUS_QUERY_EXISTS'],
  ['subscription already exists', 'SUBSCRIPTION_EXISTS'],
  ['subscription not found', 'SUBSCRIPTION_NOT_FOUND'],
  ['invalid subscription URL: ', 'INVALID_SUBSCRIPTION_URL'],
  ['user already exists', 'USER_EXISTS'],
  ['user not found', 'USER_NOT_FOUND'],
  ['username required', 'USERNAME_REQUIRED'],
  ['invalid name', 'INVALID_NAME'],
  ['name too long', 'NAME_TOO_LONG'],
  ['database name required', 'DATABASE_NAME_REQUIRED'],
  ['retention policy name required', 'RETENTION_POLICY_NAME_REQUIRED'],
  ['retention policy name already exists', 'RETENTION_POLICY_NAME_EXISTS'],
  ['replication factor must be greater than 0', 'REPLICATION_FACTOR_TOO_LOW'],
  ['error parsing query: ', 'STATEMENT_REFUSED'],
  ['bcrypt: password length exceeds', 'PASSWORD_TOO_LONG'],
  ['invalid path for database ', 'STATEMENT_REFUSED'],
  ['invalid value ', 'STATEMENT_REFUSED'],
  ['overflowed duration ', 'STATEMENT_REFUSED'],
];

/** Parts of error texts about the server itself: its limits, disk or operating system. */
const ownTroubles: readonly string[] = [
  'max-concurrent-queries limit exceeded',
  'timeout',
  'timed out',
  'query interrupted',
  'engine is closed',
  'store is closed',
  'database is closed',
  'no space left on device',
  'disk quota exceeded',
  'permission denied',
  'operation not permitted',
  'read-only file system',
  'input/output error',
  'too many open files',
  'no such file or directory',
  'is a directory',
  'not a directory',
  'stale NFS file handle',
  'cannot allocate memory',
  'resource temporarily unavailable',
];

/** HTTP status of every execution error. */
const executed = 200;

/** Milliseconds before a statement is retried after a server failure. */
const pause = 2_000;

/** Returns the refusal with InfluxDB's `text`. */
export function refusal(text: string): CfluxError {
  return new CfluxError(codeOf(text) ?? 'STATEMENT_REFUSED', text, { outcome: 'notApplied' });
}

/** Returns the error for InfluxDB's `text` in a result: a refusal if the text is known to concern the statement, else a server failure. */
export function statementError(text: string): CfluxError {
  return codeOf(text) === undefined ? trouble(text) : refusal(text);
}

/** {@link statementError} for a statement with a password, which an unknown text may contain. */
export function secretStatementError(text: string): CfluxError {
  const code = codeOf(text);
  if (code !== undefined && code !== 'STATEMENT_REFUSED') return refusal(text);
  if (code !== undefined) return withheldRefusal();
  return trouble(isOwnText(text) ? text : 'the text is withheld, because it may contain a password');
}

/** A refusal whose text may contain a password. */
export const withheldRefusal = (): CfluxError =>
  new CfluxError(
    'STATEMENT_REFUSED',
    'InfluxDB refused the statement (the text is withheld, because it may contain a password)',
    { outcome: 'notApplied' },
  );

/** Returns whether the server refused this one statement, so that others may succeed. */
export function isRefusal(
  error: unknown,
): error is CfluxError & { readonly outcome: 'notApplied'; readonly retryable: false } {
  return isCfluxError(error) && error.outcome === 'notApplied' && !error.retryable;
}

/** Returns whether the server accepted the statement but failed to execute it, for a reason that may be the server's own. */
export function isTrouble(error: unknown): error is CfluxErrorOf<'UNAVAILABLE'> {
  return isCfluxError(error, 'UNAVAILABLE') && error.status === executed;
}

/**
 * Returns how an error affects later statements: `none` if the response concerns only its own statement; `unclear` if it may concern
 * the connection or the account; `all` if no other statement can succeed.
 */
export function reachOf(error: unknown): 'none' | 'unclear' | 'all' {
  if (!isCfluxError(error)) return 'all';
  if (unclear.has(error.code)) return 'unclear';
  // An InfluxDB 2 or 3 in place of the server is not retryable, and its error is not a response to a statement.
  const isResponse =
    error.code === 'TOO_LARGE' ||
    (responses.has(error.code) && (error.retryable || error.status !== undefined));
  return isResponse ? 'none' : 'all';
}

/** Returns whether a failure certainly does not concern the statement, however often it occurs. */
export function isOwnTrouble({ status, message }: CfluxError): boolean {
  if (status === executed) return isOwnText(message);
  if (status === undefined) return true;
  // Other 4xx statuses are client errors: a proxy may refuse the statement permanently.
  return status < 400 || status >= 500 || passing.has(status);
}

/** The error of a convergence that failed because the server at `url` could not execute statements. */
export function troubleOf(url: string, cause: CfluxError, note = ''): CfluxError {
  const { status, retryAfter = pause } = cause;
  const what = cause.message.includes(url)
    ? cause.message
    : `InfluxDB at ${url} cannot execute statements: ${cause.message}`;
  return new CfluxError('UNAVAILABLE', `${what}${note}`, {
    cause,
    retryable: true,
    retryAfter,
    ...(status === undefined ? {} : { status }),
  });
}

/** Codes of errors that the connection, the account, or one statement alone may have caused. */
const unclear: ReadonlySet<string> = new Set(['UNREACHABLE', 'TIMEOUT', 'UNAUTHORIZED', 'FORBIDDEN']);

/** Codes of errors that come from a response. */
const responses: ReadonlySet<string> = new Set(['UNAVAILABLE', 'BAD_ANSWER']);

/** Statuses below 500 that are retryable: request timeout, too early, too many requests. */
const passing: ReadonlySet<number> = new Set([408, 425, 429]);

const isOwnText = (text: string) => ownTroubles.some((part) => text.includes(part));

const codeOf = (text: string) => refusals.find(([beginning]) => text.startsWith(beginning))?.[1];

const trouble = (text: string) =>
  new CfluxError('UNAVAILABLE', text, { retryable: true, status: executed, retryAfter: pause });
