import { CfluxError } from '../errors.js';
import type { InfluxAddress } from '../influxdb/influx-options.js';
import type { Upstream } from './proxy/upstream.js';

/** Milliseconds for the check at the start: a server that starts later is checked by each statement. */
const patience = 2_000;

/**
 * Checks that the server does not require authentication. Resolves if it cannot be reached now: each statement checks it again.
 *
 * @throws CfluxError `UNAUTHORIZED`
 */
export async function expectOpenServer(upstream: Upstream, { url, clock }: InfluxAddress): Promise<void> {
  const status = await new Promise<number | undefined>((resolve) => {
    const headers = ['Host', upstream.host];
    const request = upstream.begin({ method: 'GET', target: '/query?q=SHOW+DATABASES', headers });
    const cancel = clock.after(patience, () => request.destroy());
    request.once('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.once('error', () => resolve(undefined));
    request.once('close', () => {
      cancel();
      resolve(undefined);
    });
    request.end();
  });
  if (status !== 401 && status !== 403) return;
  throw new CfluxError(
    'UNAUTHORIZED',
    `the gateway cannot start: InfluxDB at ${url} requires authentication, which the gateway does not support; run the agent without a gateway, or switch authentication off`,
    { status },
  );
}
