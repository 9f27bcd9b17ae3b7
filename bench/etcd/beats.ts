import { HttpTransport } from 'clusterflux';
import type { EtcdCluster } from '../../test/support/etcd.js';
import { ManagerProcess } from '../../test/support/manager-process.js';
import type { Figure } from '../report.js';
import { at, rate } from './rate.js';
import { rawRate } from './raw-load.js';
import { measureRenewals } from './renewals.js';

const nodes = 10_000;
/** 10,000 nodes that beat every 5 s. */
const needed = 2_000;
/** A heartbeat waits a moment while others gather: as each node has its own connection, that delays no other heartbeat. */
const connections = 3_000;
const registrationsAtOnce = 256;
const renewalsAtOnce = 96;

/** Heartbeats of 10,000 nodes through three managers, beside renewals of leases on bare etcd. */
export async function measureBeats({ endpoints }: EtcdCluster): Promise<Figure[]> {
  const managers = endpoints.map((_, first) => {
    return new ManagerProcess('/beats/', [...endpoints.slice(first), ...endpoints.slice(0, first)]);
  });
  await Promise.all(managers.map((manager) => manager.start()));
  const urls = managers.map(({ url }) => url);
  const transports = urls.map((url) => new HttpTransport({ endpoint: url }));
  const node = { ip: '127.0.0.1,', hostname: 'h', bindAddress: 'h:8086' };
  const ids: number[] = [];
  const registered = await rate(nodes, registrationsAtOnce, async (number) => {
    ids[number] = (await at(transports, number).register({ cluster: 'bench', node })).id;
  });
  // The second time round, nodes come to another manager than the first: which one responds must not matter.
  const lines = ids.map((id) => `PUT /nodes/bench/${id}`);
  const progress = (index: number) =>
    `Cflux-Instance: 5f0c6b7e-1d4b-4b7e-9c55-${String(index).padStart(12, '0')}\r\nCflux-Version: 1790000000000\r\nCflux-Epoch: 3yBhXn3qS5mYkq1mW0aZ0g\r\n`;
  const first = await rawRate(urls, lines, connections, progress);
  const beats = await rawRate(urls.toReversed(), lines, connections, progress);
  const alive = (await at(transports, 0).nodes({ cluster: 'bench' })).filter((each) => each.alive).length;
  await Promise.all(transports.map((transport) => transport.close()));
  await Promise.all(managers.map((manager) => manager.stop()));
  const renewals = await measureRenewals(endpoints, nodes, renewalsAtOnce);
  return [
    { name: 'registrations through three managers', value: registered, unit: '/s' },
    { name: 'first heartbeats after that', value: first, unit: '/s', target: needed, atLeast: true },
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
      floorName: 'renewals of leases on bare streams',
      floor: renewals,
    },
    { name: 'nodes alive in the end', value: alive, unit: 'nodes', target: nodes, atLeast: true },
  ];
}
