import { CfluxError, type CfluxErrorCode, type CfluxErrorOptions } from '../errors.js';

// Both directions are in one file, so that manager and client agree.

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

/** This text distinguishes an id that the cluster never assigned from any other 404, such as a balancer's. */
const keyNotFound = 'Key not found';

/**
 * Returns the status of the response for an error of the manager; 500 for errors that the requester did not cause and that have no status
 * of their own.
 */
export function statusOf(error: CfluxError): number {
  return error.status ?? statusOfCode.get(error.code) ?? 500;
}

/** Returns the error for a response with a failing status. */
export function errorOfStatus(
  status: number,
  text: string,
  options: Omit<CfluxErrorOptions, 'status' | 'retryable'> = {},
): CfluxError {
  const code =
    status === 404 && text.includes(keyNotFound)
      ? 'NODE_NOT_FOUND'
      : (codeOfStatus.get(status) ?? 'MANAGER_FAILED');
  const message = text.trim().slice(0, 500) || `the manager responded with status ${status}`;
  return new CfluxError(code, message, { ...options, status, retryable: isRetryable(status) });
}
