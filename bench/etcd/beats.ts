import { HttpTransport } from 'clusterflux';
import { etcd as methods } from '../../src/manager/stores/etcd/methods.js';
import type { EtcdCluster } from '../../test/support/etcd.js';
import { ManagerProcess } from '../../test/support/manager-process.js';
import type { Figure } from '../report.js';
import { connectBare } from './bare.js';
import { rawRate } from './raw-load.js';

const nodes = 10_000;
const atOnce = 96;
/** 10,000 nodes that beat every 5 s. */
const needed = 2_000;

/** Runs `work` for every number below `nodes`, so many at a time; how many a second. */
async function rate(work: (number: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const begin = performance.now();
  const worker = async () => {
    while (next < nodes) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return (nodes / (performance.now() - begin)) * 1000;
}

/** Heartbeats of 10,000 nodes through three managers, beside renewals of as many leases on bare etcd, spread over its members. */
export async function measureBeats({ endpoints }: EtcdCluster): Promise<Figure[]> {
  const managers = endpoints.map((_, first) => {
    return new ManagerProcess('/beats/', [...endpoints.slice(first), ...endpoints.slice(0, first)]);
  });
  await Promise.all(managers.map((manager) => manager.start()));
  const transports = managers.map(({ url }) => new HttpTransport({ endpoint: url }));
  const at = <T>(list: readonly T[], number: number): T => {
    const item = list[number % list.length];
    if (item === undefined) throw new Error('empty');
    return item;
  };
  const ids: number[] = [];
  const node = { ip: '127.0.0.1,', hostname: 'h', bindAddress: 'h:8086' };
  const registered = await rate(async (number) => {
    ids[number] = (await at(transports, number).register({ cluster: 'bench', node })).id;
  });
  const beatAll = () =>
    rawRate(
      managers.map(({ url }) => url),
      ids.map((id) => `PUT /nodes/bench/${id}`),
      atOnce,
    );
  // Some leases ended while the others were registered: what follows are beats of nodes that live.
  const revived = await beatAll();
  const beats = await beatAll();
  const alive = (await at(transports, 0).nodes({ cluster: 'bench' })).filter((each) => each.alive).length;
  await Promise.all(transports.map((transport) => transport.close()));
  await Promise.all(managers.map((manager) => manager.stop()));

  const connections = await Promise.all(endpoints.map((endpoint) => connectBare([endpoint])));
  const waiting = new Map<number, () => void>();
  const streams = connections.flatMap((connection) =>
    Array.from({ length: 4 }, () =>
      connection.stream(methods.leaseKeepAlive, {
        onMessage: ({ id }) => waiting.get(id)?.(),
        onEnd: (error) => {
          throw error;
        },
      }),
    ),
  );
  const leases = 1_000;
  for (let id = 1; id <= leases; id++) {
    await at(connections, id).call(methods.leaseGrant, { id, ttl: 600 });
  }
  const bare = await rate((number) => {
    const id = (number % leases) + 1;
    return new Promise<void>((resolve) => {
      waiting.set(id, resolve);
      at(streams, id).write(id);
    });
  });
  for (const stream of streams) stream.end();
  await Promise.all(connections.map((connection) => connection.close()));
  return [
    { name: 'registrations through three managers', value: registered, unit: '/s' },
    {
      name: 'first heartbeats after that, some of nodes that were taken for dead',
      value: revived,
      unit: '/s',
    },
    {
      name: `heartbeats of ${nodes} nodes through three managers`,
      value: beats,
      unit: '/s',
      target: needed,
      atLeast: true,
    },
    {
      name: 'the same beside bare etcd',
      value: beats,
      unit: '/s',
      floorName: 'renewals on bare streams',
      floor: bare,
    },
    { name: 'nodes alive in the end', value: alive, unit: 'nodes' },
  ];
}
