import { CfluxError } from '../errors.js';

type Fields = { readonly [name: string]: unknown };

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};

/** Codes of Node (TLS verification) that are only seen before a request is sent. */
const neverVerified =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_CERT|ERR_TLS_CERT|HOSTNAME_MISMATCH)/;

/**
 * Whether a connection was never made, so that certainly nothing was sent. A code alone does not tell: EHOSTUNREACH and
 * ETIMEDOUT also end connections that have already carried a request.
 */
function neverConnected(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(neverConnected);
  const { code, syscall } = fieldsOf(error);
  if (code === 'ECONNREFUSED' || code === 'UND_ERR_CONNECT_TIMEOUT') return true;
  if (syscall === 'connect' || syscall === 'getaddrinfo') return true;
  return typeof code === 'string' && neverVerified.test(code);
}

/** The deepest cause that says something: fetch's own message is `fetch failed` for everything. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(reasonOf))].join(', ');
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}

/** What fetch threw, as the error of a request to `endpoint`, where `peer` should be. */
export function networkFailure(error: unknown, endpoint: string, peer = 'the manager'): CfluxError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const reason = reasonOf(error);
  if (reason === 'unexpected redirect') {
    return new CfluxError('BAD_ANSWER', `${endpoint} redirects: it is not the URL of ${peer} itself`, {
      cause: error,
      retryable: true,
      outcome: 'unknown',
    });
  }
  return new CfluxError('UNREACHABLE', `cannot reach ${peer} at ${endpoint}: ${reason}`, {
    cause: error,
    retryable: true,
    outcome: neverConnected(cause) ? 'notApplied' : 'unknown',
  });
}
