import { CfluxError, type CfluxErrorCode, type CfluxErrorOf, isCfluxError } from '../errors.js';

/** Beginnings of the texts by which InfluxDB 1.x refuses a statement, whatever the state of the server. */
const refusals: readonly [beginning: string, code: CfluxErrorCode][] = [
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

/** Parts of texts that report trouble of the server itself: its limits, its disk, its operating system. */
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

/** Milliseconds before a statement that met trouble is tried again: the server responds, so at once is too early. */
const pause = 2_000;

/** The refusal that InfluxDB words as `text`. */
export function refusal(text: string): CfluxError {
  return new CfluxError(codeOf(text) ?? 'STATEMENT_REFUSED', text, { outcome: 'notApplied' });
}

/** The error that InfluxDB words as `text` in a result: a refusal if the text is known to be about the statement, else trouble. */
export function statementError(text: string): CfluxError {
  return codeOf(text) === undefined ? trouble(text) : refusal(text);
}

/** {@link statementError} of a statement with a password: a text that is not known may contain it. */
export function secretStatementError(text: string): CfluxError {
  const code = codeOf(text);
  if (code !== undefined && code !== 'STATEMENT_REFUSED') return refusal(text);
  if (code !== undefined) return withheldRefusal();
  return trouble(isOwnText(text) ? text : 'its words are withheld, because they may contain a password');
}

/** A refusal whose text may contain a password. */
export const withheldRefusal = (): CfluxError =>
  new CfluxError(
    'STATEMENT_REFUSED',
    'InfluxDB refused it (its words are withheld: they may hold a password)',
    { outcome: 'notApplied' },
  );

/** Whether the server accepted the statement and failed to execute it, for a reason that may be the server's own. */
export function isTrouble(error: unknown): error is CfluxErrorOf<'UNAVAILABLE'> {
  return isCfluxError(error, 'UNAVAILABLE') && error.status === executed;
}

/**
 * How an error affects the statements after the one that met it: `none`, because the response was about that one statement; `unclear`,
 * because it may have been about the connection or the account; `all`, because no other statement can succeed.
 */
export function reachOf(error: unknown): 'none' | 'unclear' | 'all' {
  if (!isCfluxError(error)) return 'all';
  if (unclear.has(error.code)) return 'unclear';
  // An InfluxDB 2 or 3 in place of the server is not worth a retry, and no response of a statement.
  const isResponse =
    error.code === 'TOO_LARGE' ||
    (responses.has(error.code) && (error.retryable || error.status !== undefined));
  return isResponse ? 'none' : 'all';
}

/** Whether trouble is certainly not about the statement, however often the statement meets it. */
export function isOwnTrouble({ status, message }: CfluxError): boolean {
  if (status === executed) return isOwnText(message);
  if (status === undefined) return true;
  // The others are those of a client's fault: a proxy may refuse the statement for good.
  return status < 400 || status >= 500 || passing.has(status);
}

/** The error of a whole operation that failed because the server at `url` had trouble with statements. */
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

/** Codes of errors that a response made. */
const responses: ReadonlySet<string> = new Set(['UNAVAILABLE', 'BAD_ANSWER']);

/** Statuses below 500 that ask for another try: request timeout, too early, too many requests. */
const passing: ReadonlySet<number> = new Set([408, 425, 429]);

const isOwnText = (text: string) => ownTroubles.some((part) => text.includes(part));

const codeOf = (text: string) => refusals.find(([beginning]) => text.startsWith(beginning))?.[1];

const trouble = (text: string) =>
  new CfluxError('UNAVAILABLE', text, { retryable: true, status: executed, retryAfter: pause });
