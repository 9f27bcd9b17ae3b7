import type { CertificateInfo } from '../../certificates.js';
import { HttpTransport } from '../../transport/http-transport.js';
import type { Transport } from '../../transport/transport.js';
import { withRetry } from '../../transport/with-retry.js';
import type { Settings } from './options.js';

/** The transport that a client speaks through, and how it is given up. */
export interface NodeTransport {
  readonly transport: Transport;
  readonly release: () => Promise<void>;
  /** Of its connections, where it is over TLS and has them. */
  readonly certificates: () => readonly CertificateInfo[];
}

/** HTTP to the endpoints, or the transport that was handed in, with five attempts where it makes none itself. */
export function nodeTransport(settings: Settings): NodeTransport {
  const { transport, endpoint, token, tls, retry, clock, random } = settings;
  if (transport) {
    const attempts = { ...retry, clock, random };
    // It belongs to its maker, who closes it.
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

/** One that was handed in may be an HttpTransport. */
const certificatesOf = (transport: Transport & Partial<Pick<HttpTransport, 'certificates'>>) =>
  transport.certificates ?? [];
