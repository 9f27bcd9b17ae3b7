import { CfluxError } from '../errors.js';

type Fields = { readonly [name: string]: unknown };

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};

/** Codes of Node (TLS verification) that occur only before a request is sent. */
const neverVerified =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_CERT|ERR_TLS_CERT|HOSTNAME_MISMATCH)/;

/**
 * Returns whether no connection was made, so that certainly nothing was sent. The code alone is not enough: EHOSTUNREACH and
 * ETIMEDOUT also end connections that have already sent a request.
 */
function neverConnected(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(neverConnected);
  const { code, syscall } = fieldsOf(error);
  if (code === 'ECONNREFUSED' || code === 'UND_ERR_CONNECT_TIMEOUT') return true;
  if (syscall === 'connect' || syscall === 'getaddrinfo') return true;
  return typeof code === 'string' && neverVerified.test(code);
}

/** Returns the message of the deepest cause, because fetch's own message is always `fetch failed`. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(reasonOf))].join(', ');
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}

const flags: ReadonlyMap<string, string> = new Map([
  ['the manager', '--ca (tls.ca)'],
  ['InfluxDB', '--influxdb-ca (tls.ca)'],
]);

/** Codes for a certificate whose authority is not trusted. */
const untrusted = /^(UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_CERT)/;

/** Returns what to do about a failed connection; empty if the reason is enough. */
function adviceFor(cause: unknown, endpoint: string, peer: string): string {
  const { code, socket } = fieldsOf(cause);
  const isTls = endpoint.startsWith('https:');
  if (typeof code !== 'string') return '';
  if (untrusted.test(code))
    return `; if the certificate is of your own authority, name that authority's certificate with ${flags.get(peer)}`;
  if (isTls && /^(EPROTO|ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG)$/.test(code))
    return `; it does not serve https there: use ${endpoint.replace('https:', 'http:')}`;
  // A server with TLS closes a connection without TLS.
  if (!isTls && (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET') && fieldsOf(socket)['bytesRead'] === 0)
    return `; if it serves https there, use ${endpoint.replace('http:', 'https:')}`;
  return '';
}

/** Converts an error of fetch to the error of a request to `endpoint`, where `peer` is expected. */
export function networkFailure(error: unknown, endpoint: string, peer = 'the manager'): CfluxError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const reason = reasonOf(error);
  if (reason === 'unexpected redirect') {
    return new CfluxError('BAD_ANSWER', `${endpoint} redirects; use the URL of ${peer} itself`, {
      cause: error,
      retryable: true,
      outcome: 'unknown',
    });
  }
  return new CfluxError(
    'UNREACHABLE',
    `cannot reach ${peer} at ${endpoint}: ${reason}${adviceFor(cause, endpoint, peer)}`,
    {
      cause: error,
      retryable: true,
      outcome: neverConnected(cause) ? 'notApplied' : 'unknown',
    },
  );
}
