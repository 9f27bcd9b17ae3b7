import { randomUUID } from 'node:crypto';
import { HttpTransport } from 'clusterflux';
import { etcd as methods } from '../../src/manager/stores/etcd/api/methods.js';
import type { EtcdCluster } from '../../test/support/etcd.js';
import { ManagerProcess } from '../../test/support/manager-process.js';
import { median } from '../measure.js';
import type { Figure } from '../report.js';
import { connectBare, put } from './bare.js';

const rounds = 40;
const snapshot = new Uint8Array(10 * 1024).fill(7);

/** From a push at one manager to the response to a poll that another one holds, beside a put of the same bytes to a bare watch. */
export async function measureLatency({ endpoints }: EtcdCluster): Promise<Figure[]> {
  const managers = [new ManagerProcess('/latency/', endpoints), new ManagerProcess('/latency/', endpoints)];
  await Promise.all(managers.map((manager) => manager.start()));
  const [here, there] = managers.map(({ url }) => new HttpTransport({ endpoint: url }));
  if (!here || !there) throw new Error('no manager');
  const bare = await connectBare(endpoints);
  let onEvent = () => {};
  const stream = bare.stream(methods.watch, {
    onMessage: ({ events }) => {
      if (events.length > 0) onEvent();
    },
    onEnd: (error) => {
      throw error;
    },
  });
  stream.write({ key: 'bare/watched/', rangeEnd: 'bare/watched0', startRevision: 0 });

  const times = { poll: [] as number[], watch: [] as number[] };
  let version = 0;
  for (let round = -3; round < rounds; round++) {
    const held = there.poll({ cluster: 'c', version, wait: 30_000 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    let begin = performance.now();
    const pushed = here.push({ cluster: 'c', version, snapshot, mutation: randomUUID() });
    await held;
    if (round >= 0) times.poll.push(performance.now() - begin);
    const result = await pushed;
    if (result.kind !== 'committed') throw new Error(result.kind);
    version = result.version;

    const notified = new Promise<void>((resolve) => {
      onEvent = resolve;
    });
    begin = performance.now();
    await Promise.all([notified, put(bare, 'bare/watched/key', snapshot)]);
    if (round >= 0) times.watch.push(performance.now() - begin);
  }
  stream.end();
  await Promise.all([
    bare.close(),
    here.close(),
    there.close(),
    ...managers.map((manager) => manager.stop()),
  ]);
  return [
    {
      name: 'push at one manager to poll at another, 10 KiB',
      value: median(times.poll),
      unit: 'ms',
      floorName: 'bare put to watch',
      floor: median(times.watch),
      target: 6,
    },
  ];
}
