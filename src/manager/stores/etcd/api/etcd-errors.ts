import type { ServiceError } from '@grpc/grpc-js';
import { CfluxError, type CfluxErrorCode, type Outcome } from '../../../../errors.js';

/** The gRPC status codes that are handled here. */
export const grpcStatus = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  outOfRange: 11,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** Returned before anything was proposed to the other members, so certainly nothing was stored. */
const refusals = new Set<number>([
  grpcStatus.invalidArgument,
  grpcStatus.notFound,
  grpcStatus.permissionDenied,
  grpcStatus.resourceExhausted,
  grpcStatus.failedPrecondition,
  grpcStatus.outOfRange,
  grpcStatus.unauthenticated,
]);

// The texts of etcd 3.4 and 3.5 and of @grpc/grpc-js 1.14.
const neverSent = /No connection established|Name resolution failed|Channel closed before call started/;
const certificates = /certificate|altnames|SSL routines/i;
const nobody = /user name is empty/;
const staleToken = /invalid auth token|revision of auth store is old|user name is empty/;
const authentication = /auth|permission denied|user name is empty|user name not found/i;

interface Meaning {
  readonly code: CfluxErrorCode;
  readonly message: string;
  readonly retryable: boolean;
}

const unavailable = (message: string): Meaning => ({ code: 'UNAVAILABLE', message, retryable: true });

const noSpace = 'database space exceeded';

function meaningOf(details: string): Meaning {
  if (details.includes(noSpace)) {
    const message = 'etcd has reached its storage quota: compact, defragment and disarm the NOSPACE alarm';
    return { code: 'OUT_OF_SPACE', message, retryable: false };
  }
  if (/request is too large|received message larger than max|too many operations/.test(details)) {
    return { code: 'TOO_LARGE', message: `etcd refused the request: ${details}`, retryable: false };
  }
  if (/no leader|request timed out|leader changed|leader failed/.test(details)) {
    return unavailable(
      `etcd has no quorum (${details}): check that most of its members run and reach each other`,
    );
  }
  if (/deadline exceeded/i.test(details)) {
    return unavailable(
      `etcd did not respond in time (${details}): it may have no quorum; check that most of its members run`,
    );
  }
  if (nobody.test(details)) {
    return unavailable(`etcd refused access: ${details}; configure a user and its password`);
  }
  if (authentication.test(details)) return unavailable(`etcd refused access: ${details}`);
  return unavailable(`etcd is unreachable: ${details}`);
}

/** Converts a failed call to an error of the store; `outcome: 'notApplied'` if certainly nothing was stored. */
export function etcdError({ code, details }: Pick<ServiceError, 'code' | 'details'>): CfluxError {
  const { message, ...meaning } = meaningOf(details);
  const certain = refusals.has(code) || neverSent.test(details) || /: no leader/.test(details);
  const outcome: Outcome = certain ? 'notApplied' : 'unknown';
  const cause = { code, details };
  return new CfluxError(meaning.code, message, { cause, outcome, retryable: meaning.retryable });
}

/** The same failure with an unknown outcome. */
export function doubtful(failure: CfluxError): CfluxError {
  const { code, message, cause, retryable } = failure;
  return new CfluxError(code, message, { cause, retryable, outcome: 'unknown' });
}

/** Returns the status of a failed call; `undefined` if `error` is not from a call to etcd. */
function etcdStatus(error: unknown): { readonly code: number; readonly details: string } | undefined {
  if (!(error instanceof CfluxError) || typeof error.cause !== 'object' || error.cause === null)
    return undefined;
  const { code, details } = { code: undefined, details: undefined, ...error.cause };
  return typeof code === 'number' && typeof details === 'string' ? { code, details } : undefined;
}

/** Whether another member, or the same one a moment later, may succeed. */
export function isTransient(error: CfluxError): boolean {
  const status = etcdStatus(error);
  if (status === undefined) return error.retryable;
  if (certificates.test(status.details)) return false;
  if (status.code === grpcStatus.resourceExhausted) return status.details.includes('too many requests');
  return !refusals.has(status.code);
}

/** etcd is full. It also reports this for a change that it has carried out: the caller must read back what happened. */
export const isNoSpace = (error: unknown) => etcdStatus(error)?.details.includes(noSpace) ?? false;

/** The requested revision was compacted. */
export const isCompacted = (error: unknown) => etcdStatus(error)?.code === grpcStatus.outOfRange;

/** The named lease does not exist (any more). */
export const isLeaseGone = (error: unknown) =>
  etcdStatus(error)?.details.includes('lease not found') ?? false;

/** The requested lease id is taken: another request was first. */
export const isLeaseTaken = (error: unknown) =>
  etcdStatus(error)?.details.includes('lease already exists') ?? false;

/** The token has expired, users were changed since it was issued, or authentication was disabled then: a new token may work. */
export const isTokenStale = (error: unknown) => {
  const status = etcdStatus(error);
  return status !== undefined && staleToken.test(status.details);
};

/** etcd has no users, so it needs no token. */
export const isAuthenticationOff = (error: unknown) =>
  etcdStatus(error)?.details.includes('authentication is not enabled') ?? false;
