import { HttpTransport, type HttpTransportOptions, type PushRequest } from 'clusterflux';
import { onTestFinished } from 'vitest';

/** An HttpTransport that is closed when the test ends, and does not wait long before it repeats. */
export function httpTransport(
  endpoint: string | string[],
  options: HttpTransportOptions = {},
): HttpTransport {
  const transport = new HttpTransport({ endpoint, retry: { minDelay: 1, maxDelay: 2 }, ...options });
  onTestFinished(() => transport.close());
  return transport;
}

/** Of one attempt, to see its result. */
export const onlyOnce = { retry: { attempts: 1 } } satisfies HttpTransportOptions;

export const somePush: PushRequest = {
  cluster: 'c',
  version: 4,
  snapshot: Buffer.from('snapshot'),
  mutation: 'm-1',
};

/** What `promise` rejects with. */
export const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => {
      throw new Error(`expected a rejection, got ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
