import { HttpTransport } from '../transport/http-transport.js';
import type { Transport } from '../transport/transport.js';
import { withRetry } from '../transport/with-retry.js';
import type { Settings } from './options.js';

/** The transport that a client speaks through, and how it is given up. */
export interface NodeTransport {
  readonly transport: Transport;
  readonly release: () => Promise<void>;
}

/** HTTP to the endpoints, or the transport that was handed in, with five attempts where it makes none itself. */
export function nodeTransport(settings: Settings): NodeTransport {
  const { transport, endpoint, token, tls, retry, clock, random } = settings;
  if (transport) {
    const attempts = { ...retry, clock, random };
    // It belongs to its maker, who closes it.
    const release = async () => undefined;
    return { transport: transport.retries === true ? transport : withRetry(transport, attempts), release };
  }
  const http = new HttpTransport({
    endpoint,
    clock,
    random,
    ...(token === undefined ? {} : { token }),
    ...(tls === undefined ? {} : { tls }),
    ...(retry === undefined ? {} : { retry }),
  });
  return { transport: http, release: () => http.close() };
}
