import { CfluxError, type CfluxErrorCode, type CfluxErrorOptions } from '../errors.js';

// Both directions in one file, so that what the manager says is what the client understands.

const statusOfCode: ReadonlyMap<CfluxErrorCode, number> = new Map([
  ['BAD_REQUEST', 400],
  ['INVALID_OPTION', 400],
  ['MALFORMED_METADATA', 400],
  ['MALFORMED_DELTA', 400],
  ['UNAUTHORIZED', 401],
  ['FORBIDDEN', 403],
  ['NODE_NOT_FOUND', 404],
  ['CLUSTER_NOT_FOUND', 404],
  ['VERSION_NOT_FOUND', 404],
  ['NO_SUCH_ROUTE', 404],
  ['TIMEOUT', 408],
  ['DUPLICATE_NODE', 409],
  ['EPOCH_MISMATCH', 412],
  ['TOO_LARGE', 413],
  ['TOO_MANY_REQUESTS', 429],
  ['MANAGER_FAILED', 500],
  ['UNAVAILABLE', 503],
  ['OUT_OF_SPACE', 507],
]);

const codeOfStatus: ReadonlyMap<number, CfluxErrorCode> = new Map([
  [400, 'BAD_REQUEST'],
  [401, 'UNAUTHORIZED'],
  [403, 'FORBIDDEN'],
  [404, 'NO_SUCH_ROUTE'],
  [408, 'TIMEOUT'],
  [412, 'EPOCH_MISMATCH'],
  [413, 'TOO_LARGE'],
  [429, 'TOO_MANY_REQUESTS'],
  [503, 'UNAVAILABLE'],
  [507, 'OUT_OF_SPACE'],
]);

/** Statuses after which another attempt makes sense. */
const retryableStatuses = new Set([408, 429, 500, 502, 503, 504]);

/** Whether another attempt makes sense after a response with this status. */
export const isRetryable = (status: number): boolean => retryableStatuses.has(status);

/** The words that tell an id the cluster never gave from any other 404, such as a balancer's. */
const keyNotFound = 'Key not found';

/** The status that an error of the manager is answered with; 500 for what is not the asker's fault and has no status of its own. */
export function statusOf(error: CfluxError): number {
  return error.status ?? statusOfCode.get(error.code) ?? 500;
}

/** The error that an answer with a failing status stands for. */
export function errorOfStatus(
  status: number,
  text: string,
  options: Omit<CfluxErrorOptions, 'status' | 'retryable'> = {},
): CfluxError {
  const code =
    status === 404 && text.includes(keyNotFound)
      ? 'NODE_NOT_FOUND'
      : (codeOfStatus.get(status) ?? 'MANAGER_FAILED');
  const message = text.trim().slice(0, 500) || `the manager answered ${status}`;
  return new CfluxError(code, message, { ...options, status, retryable: isRetryable(status) });
}
