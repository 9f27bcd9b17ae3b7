import type { CertificateInfo } from '../../certificates.js';
import { HttpTransport } from '../../transport/http-transport.js';
import type { Transport } from '../../transport/transport.js';
import { withRetry } from '../../transport/with-retry.js';
import type { Settings } from './options.js';

/** The transport of a client, and how to release it. */
export interface NodeTransport {
  readonly transport: Transport;
  readonly release: () => Promise<void>;
  /** Returns the certificates of its connections, if it uses TLS. */
  readonly certificates: () => readonly CertificateInfo[];
}

/** Creates an HTTP transport, or wraps the given transport with five attempts if it does not retry itself. */
export function nodeTransport(settings: Settings): NodeTransport {
  const { transport, endpoint, token, tls, retry, clock, random } = settings;
  if (transport) {
    const attempts = { ...retry, clock, random };
    // The caller owns it and closes it.
    const release = async () => undefined;
    const certificates = () => certificatesOf(transport);
    const retrying = transport.retries === true ? transport : withRetry(transport, attempts);
    return { transport: retrying, release, certificates };
  }
  const http = new HttpTransport({
    endpoint,
    clock,
    random,
    ...(token === undefined ? {} : { token }),
    ...(tls === undefined ? {} : { tls }),
    ...(retry === undefined ? {} : { retry }),
  });
  return { transport: http, release: () => http.close(), certificates: () => http.certificates };
}

/** The given transport may be an HttpTransport. */
const certificatesOf = (transport: Transport & Partial<Pick<HttpTransport, 'certificates'>>) =>
  transport.certificates ?? [];
