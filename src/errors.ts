/** What went wrong, for programs; `message` is for people. Grouped by the layer that raises the error. */
export type CfluxErrorCode =
  // Metadata: errors of InfluxDB, with InfluxDB's text as the message.
  | 'DATABASE_NAME_REQUIRED'
  | 'NAME_TOO_LONG'
  | 'INVALID_NAME'
  | 'DATABASE_NOT_FOUND'
  | 'DATABASE_EXISTS'
  | 'RETENTION_POLICY_NAME_REQUIRED'
  | 'RETENTION_POLICY_SPEC_REQUIRED'
  | 'RETENTION_POLICY_NOT_FOUND'
  | 'RETENTION_POLICY_EXISTS'
  | 'RETENTION_POLICY_NAME_EXISTS'
  | 'RETENTION_POLICY_CONFLICT'
  | 'RETENTION_POLICY_DURATION_TOO_LOW'
  | 'INCOMPATIBLE_DURATIONS'
  | 'NEGATIVE_WRITE_LIMIT'
  | 'REPLICATION_FACTOR_TOO_LOW'
  | 'SHARD_GROUP_NOT_FOUND'
  | 'CONTINUOUS_QUERY_EXISTS'
  | 'SUBSCRIPTION_EXISTS'
  | 'SUBSCRIPTION_NOT_FOUND'
  | 'INVALID_SUBSCRIPTION_URL'
  | 'USER_EXISTS'
  | 'USER_NOT_FOUND'
  | 'USERNAME_REQUIRED'
  | 'AUTHENTICATION_FAILED'
  | 'PASSWORD_TOO_LONG'
  | 'NOT_AUTHORIZED'
  | 'LEASE_HELD'
  | 'INVALID_DURATION'
  | 'IMPORT_SOURCE_NOT_FOUND'
  | 'MALFORMED_METADATA'
  | 'MALFORMED_DELTA'
  // An InfluxDB server refused a statement for a reason without its own code; the message is InfluxDB's text.
  | 'STATEMENT_REFUSED'
  // An InfluxQL text that cannot be parsed, or a statement that the cluster cannot execute.
  | 'INFLUXQL_SYNTAX'
  | 'STATEMENT_NOT_SUPPORTED'
  // A change would remove the last administrator of the cluster.
  | 'LAST_ADMINISTRATOR'
  // A live InfluxDB server lost metadata.
  | 'METADATA_LOST'
  // A server runs whose files were to be changed.
  | 'SERVER_RUNNING'
  // This machine.
  | 'STORAGE_FAILED'
  | 'DIRECTORY_LOCKED'
  | 'INVALID_OPTION'
  | 'INVALID_ARGUMENT'
  | 'MISSING_DEPENDENCY'
  | 'PASSWORD_HASH_TOO_COSTLY'
  // The wire and the manager.
  | 'UNREACHABLE'
  | 'TIMEOUT'
  | 'BAD_ANSWER'
  | 'BAD_REQUEST'
  | 'UNAUTHORIZED'
  | 'FORBIDDEN'
  | 'NODE_NOT_FOUND'
  | 'DUPLICATE_NODE'
  | 'CLUSTER_NOT_FOUND'
  | 'CLUSTER_EMPTY'
  | 'VERSION_NOT_FOUND'
  | 'NO_SUCH_ROUTE'
  | 'TOO_LARGE'
  | 'TOO_MANY_REQUESTS'
  | 'UNAVAILABLE'
  | 'OUT_OF_SPACE'
  | 'MANAGER_FAILED'
  // The client.
  | 'UNKNOWN_OUTCOME'
  | 'CONFLICT_TIMEOUT'
  | 'NOT_EVERYWHERE'
  | 'EPOCH_MISMATCH'
  | 'FOREIGN_CLUSTER'
  | 'NESTED_MUTATION'
  | 'UNSUPPORTED_METHOD'
  | 'NOT_OPEN'
  | 'CLOSED'
  | 'UNEXPECTED';

/** What is known about a change whose call failed: certainly not applied, unknown, or applied (`NOT_EVERYWHERE` only). */
export type Outcome = 'notApplied' | 'unknown' | 'applied';

/** Details of an error besides its code and message. */
export interface CfluxErrorOptions {
  readonly cause?: unknown;
  /** Whether the same call may succeed later. Default: false. */
  readonly retryable?: boolean;
  /** See {@link CfluxError.outcome}. */
  readonly outcome?: Outcome;
  /** See {@link CfluxError.retryAfter}. */
  readonly retryAfter?: number;
  /** See {@link CfluxError.status}. */
  readonly status?: number;
}

// ESM and CJS copies of this class may exist in one process, where `instanceof` fails and this brand does not.
const brand = Symbol.for('clusterflux.error');

/**
 * The error class of this library. Distinguish errors by {@link CfluxError.code}, with {@link isCfluxError}.
 *
 * @example
 * ```ts
 * const error = new CfluxError('UNAVAILABLE', 'the disk is full', { retryable: true, outcome: 'notApplied' });
 * console.log(isCfluxError(error, 'UNAVAILABLE')); // true
 * ```
 */
export class CfluxError extends Error {
  override readonly name = 'CfluxError';
  readonly code: CfluxErrorCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** For a failed request with a change: whether the change was applied, or may have been. */
  readonly outcome: Outcome | undefined;
  /** Milliseconds to wait before a retry, if the server requested it. */
  readonly retryAfter: number | undefined;
  /** HTTP status of the response, if there was one. */
  readonly status: number | undefined;

  constructor(code: CfluxErrorCode, message: string, options: CfluxErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.outcome = options.outcome;
    this.retryAfter = options.retryAfter;
    this.status = options.status;
    Object.defineProperty(this, brand, { value: true });
  }

  /** Returns `error` if it is a CfluxError; wraps any other value as `UNEXPECTED` (or `code`) with it as the cause. */
  static from(error: unknown, code: CfluxErrorCode = 'UNEXPECTED'): CfluxError {
    if (isCfluxError(error)) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new CfluxError(code, message, { cause: error });
  }
}

/** A {@link CfluxError} with a known code; for several codes, a union with one member for each. */
export type CfluxErrorOf<Code extends CfluxErrorCode> = Code extends CfluxErrorCode
  ? CfluxError & { readonly code: Code }
  : never;

/**
 * Returns whether `error` is a {@link CfluxError} (of any copy of this package).
 *
 * @example
 * ```ts
 * const failed = await client.dropRetentionPolicy('nowhere', 'autogen').catch((error: unknown) => error);
 * if (isCfluxError(failed)) console.log(failed.code, failed.message);
 * ```
 */
export function isCfluxError(error: unknown): error is CfluxError;
/**
 * Returns whether `error` is a {@link CfluxError} (of any copy of this package) with this `code`; without a code, whether it is a
 * CfluxError. If the result is false, `error` may still be a CfluxError with another code.
 *
 * @example
 * ```ts
 * const failed = await client.dropRetentionPolicy('nowhere', 'autogen').catch((error: unknown) => error);
 * if (isCfluxError(failed, 'DATABASE_NOT_FOUND')) console.log(failed.message);
 * ```
 */
export function isCfluxError<Code extends CfluxErrorCode | undefined>(
  error: unknown,
  code: Code,
): error is CfluxErrorOf<undefined extends Code ? CfluxErrorCode : Extract<Code, CfluxErrorCode>>;
export function isCfluxError(error: unknown, code?: CfluxErrorCode): boolean {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false;
  return code === undefined || ('code' in error && error.code === code);
}
