import { etcd as methods } from '../../src/manager/stores/etcd/api/methods.js';
import { connectBare, leaseKeepAlive } from './bare.js';
import { at, rate } from './rate.js';

const leases = 1_000;
const streamsEach = 4;

/** What a heartbeat would cost as a lease of its own: so many renewals on bare streams, spread over the members; how many a second. */
export async function measureRenewals(
  endpoints: readonly string[],
  count: number,
  atOnce: number,
): Promise<number> {
  const connections = await Promise.all(endpoints.map((endpoint) => connectBare([endpoint])));
  const waiting = new Map<number, () => void>();
  const streams = connections.flatMap((connection) =>
    Array.from({ length: streamsEach }, () =>
      connection.stream(leaseKeepAlive, {
        onMessage: (id) => waiting.get(id)?.(),
        onEnd: (error) => {
          throw error;
        },
      }),
    ),
  );
  for (let id = 1; id <= leases; id++) {
    await at(connections, id).call(methods.leaseGrant, { id, ttl: 600 });
  }
  const renewals = await rate(count, atOnce, (number) => {
    const id = (number % leases) + 1;
    return new Promise<void>((resolve) => {
      waiting.set(id, resolve);
      at(streams, id).write(id);
    });
  });
  for (const stream of streams) stream.end();
  await Promise.all(connections.map((connection) => connection.close()));
  return renewals;
}
