import { CfluxError, isCfluxError } from '../../errors.js';
import type { InfluxConnection, InfluxResponse } from './influx-connection.js';
import { readError } from './influx-results.js';
import { expectVersionOne, versionIn } from './server-version.js';

/** Maximum duration of a probe in milliseconds. */
const probeTimeout = 2_000;
const maxBytes = 64 * 1024;

/**
 * Resolves if an InfluxDB 1.x server responds; executes no statement. Rejects with the reason if no server responds in time, if the
 * response has a status of 5xx, or if it is not one of InfluxDB 1.x. A server that requires a password is available.
 */
export async function probeServer(connection: InfluxConnection, signal?: AbortSignal): Promise<void> {
  const { clock, url } = connection.address;
  const end = clock.monotonic() + probeTimeout;
  const get = (path: string) =>
    connection.get(path, { signal, maxBytes, timeout: Math.max(end - clock.monotonic(), 1) });
  const ping = await get('/ping').catch((error: unknown) => {
    // The server may have closed an idle connection at the same moment: a new connection decides.
    if (isCfluxError(error, 'UNREACHABLE')) return get('/ping');
    throw error;
  });
  expectAvailable(ping, url);
  // InfluxDB 1.x sends its version with every response.
  if (ping.version !== undefined) return;
  // A proxy may remove the header, or forward queries only. Without a statement, the query endpoint returns a recognizable error.
  const query = await get('/query');
  expectAvailable(query, url);
  if (query.version !== undefined || isQueryEndpoint(query)) return;
  throw new CfluxError(
    'BAD_ANSWER',
    `the response of ${url} is not one of InfluxDB 1.x (status ${ping.status}): is this the URL of an InfluxDB 1.x server?`,
    { status: ping.status },
  );
}

/** Returns whether this is the response of InfluxDB 1.x to a query without a statement. */
function isQueryEndpoint({ status, body }: InfluxResponse): boolean {
  const text = readError(body);
  if (status === 401 || status === 403) return text !== undefined;
  return status === 400 && text?.startsWith('missing required parameter') === true;
}

function expectAvailable({ status, version, body }: InfluxResponse, url: string): void {
  expectVersionOne(version ?? versionIn(body), url);
  if (status >= 500)
    throw new CfluxError('UNAVAILABLE', `InfluxDB at ${url}: ${readError(body) ?? `status ${status}`}`, {
      status,
      retryable: true,
    });
}
