import { randomFillSync, randomUUID } from 'node:crypto';
import { EtcdStore, Manager } from 'clusterflux/manager';
import type { EtcdCluster } from '../../test/support/etcd.js';
import { measureInTurn } from '../measure.js';
import type { Figure } from '../report.js';
import { connectBare, put } from './bare.js';

const pieceSize = 256 * 1024;

/** A push through a manager, beside what the same bytes cost as bare puts (in pieces, where one request would be too large). */
export async function measurePushes({ endpoints }: EtcdCluster): Promise<Figure[]> {
  const figures: Figure[] = [];
  const bare = await connectBare(endpoints);
  for (const [name, size, target] of [
    ['1 KiB', 1024, 3],
    ['100 KiB', 100 * 1024, 3],
    ['5 MiB', 5 * 2 ** 20, 2],
  ] as const) {
    const manager = new Manager({ store: new EtcdStore({ endpoints }) });
    const snapshot = randomFillSync(new Uint8Array(size));
    let version = 0;
    const medians = await measureInTurn(
      {
        push: async () => {
          const request = { cluster: `push ${name}`, version, snapshot, mutation: randomUUID() };
          const result = await manager.push(request);
          if (result.kind !== 'committed') throw new Error(result.kind);
          version = result.version;
        },
        put: async () => {
          const pieces = Array.from({ length: Math.ceil(size / pieceSize) }, (_, number) => number).values();
          const work = async () => {
            for (const number of pieces) {
              const piece = snapshot.subarray(number * pieceSize, (number + 1) * pieceSize);
              await put(bare, `bare/${name}/${number}`, piece);
            }
          };
          await Promise.all([work(), work(), work(), work()]);
        },
      },
      { rounds: size > 2 ** 20 ? 9 : 25 },
    );
    await manager.close();
    figures.push({
      name: `push of ${name}`,
      value: medians.push,
      unit: 'ms',
      floorName: 'bare put of the same bytes',
      floor: medians.put,
      target,
    });
  }
  await bare.close();
  return figures;
}
