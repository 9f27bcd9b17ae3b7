import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { Agent } from 'undici';
import { CfluxError } from '../errors.js';
import type { TlsOptions } from './http-options.js';

/** Connections without undici's own limits of 300 s, which would end a poll before its hold does: deadlines are the caller's. */
export function createAgent(tls: TlsOptions | undefined, connectTimeout: number): Agent {
  const connect = tls && {
    ca: tls.ca && (Array.isArray(tls.ca) ? tls.ca.map(pem) : pem(tls.ca)),
    cert: tls.cert && pem(tls.cert),
    key: tls.key && pem(tls.key),
    passphrase: tls.passphrase,
  };
  try {
    // What cannot be used is told now, not at the first request.
    if (connect) createSecureContext(connect);
    // A text without a certificate would be passed over in silence, and every server with it.
    for (const ca of [connect?.ca ?? []].flat()) new X509Certificate(ca);
  } catch (cause) {
    throw new CfluxError('INVALID_OPTION', `tls: ${CfluxError.from(cause).message}`, { cause });
  }
  return new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectTimeout, servername: tls?.servername, ...connect },
  });
}

/** undici and Node's TLS take Buffers, not every Uint8Array. */
const pem = (value: string | Uint8Array) => (typeof value === 'string' ? value : Buffer.from(value));
