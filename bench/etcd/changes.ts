import { CfluxClient, LocalMetaClient } from 'clusterflux';
import type { EtcdCluster } from '../../test/support/etcd.js';
import { ManagerProcess } from '../../test/support/manager-process.js';
import type { Figure } from '../report.js';
import { append, connectBare } from './bare.js';

const nodes = 32;
const changes = 30;

/** Every node makes its changes at once and waits for all, over so many managers; beside as many writers on bare etcd. */
export async function measureChanges({ endpoints }: EtcdCluster, count: 1 | 3): Promise<Figure[]> {
  const prefix = `/changes-${count}/`;
  const managers = Array.from({ length: count }, (_, number) => {
    const first = number % endpoints.length;
    return new ManagerProcess(prefix, [...endpoints.slice(first), ...endpoints.slice(0, first)]);
  });
  await Promise.all(managers.map((manager) => manager.start()));
  const clients = Array.from({ length: nodes }, (_, number) => {
    const endpoint = managers[number % count]?.url ?? '';
    return new CfluxClient(new LocalMetaClient(), { endpoint, cluster: 'bench' });
  });
  await Promise.all(clients.map((client) => client.open()));
  await clients[0]?.createDatabase('db');
  await Promise.all(clients.map((client) => client.refresh()));

  let maxRounds = 0;
  let longest = 0;
  for (const client of clients) {
    client.on('pushed', ({ rounds }) => {
      maxRounds = Math.max(maxRounds, rounds);
    });
  }
  const begin = performance.now();
  const change = async (client: CfluxClient<LocalMetaClient>, name: string) => {
    await client.createSubscription('db', 'autogen', name, 'ALL', ['udp://127.0.0.1:9090']);
    longest = Math.max(longest, performance.now() - begin);
  };
  await Promise.all(
    clients.flatMap((client, node) =>
      Array.from({ length: changes }, (_, number) => change(client, `node-${node}-${number}`)),
    ),
  );
  const ours = performance.now() - begin;
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(managers.map((manager) => manager.stop()));

  const bare = await connectBare(endpoints);
  const key = `bare/changes-${count}`;
  const bareBegin = performance.now();
  await Promise.all(
    Array.from({ length: nodes }, async (_, node) => {
      for (let number = 0; number < changes; number++) {
        const text = `node-${node}-${number} subscription ALL udp://127.0.0.1:9090\n`;
        await append(bare, key, Buffer.from(text));
      }
    }),
  );
  const theirs = performance.now() - bareBegin;
  await bare.close();
  const name = `${nodes} nodes × ${changes} changes over ${count === 1 ? 'one manager' : `${count} managers`}`;
  return [
    {
      name,
      value: ours,
      unit: 'ms',
      floorName: 'bare compare-and-set with jitter',
      floor: theirs,
      target: count === 1 ? 1 / 5 : 1 / 3,
    },
    { name: `${name}: attempts of the unluckiest`, value: maxRounds, unit: 'attempts', target: 3 },
    { name: `${name}: longest wait`, value: longest, unit: 'ms' },
  ];
}
