import { emptyMetaData, LocalMetaClient } from 'clusterflux';
import { LocalStore } from '../../src/meta/local-store.js';
import { createDatabase, dropDatabase } from '../../src/meta/operations/databases.js';
import { measurePair } from '../measure.js';
import type { Figure } from '../report.js';

const times = 1_000;

/** What a client adds to an operation: the method, and the check of its arguments. */
export async function argumentFigures(): Promise<Figure[]> {
  const client = new LocalMetaClient();
  const store = new LocalStore({}, emptyMetaData());
  const { ours, floor } = await measurePair(
    async () => {
      for (let i = 0; i < times; i++) {
        await client.createDatabase('d');
        await client.dropDatabase('d');
      }
    },
    async () => {
      for (let i = 0; i < times; i++) {
        await store.run((data) => createDatabase(data, 'd', { retentionAutoCreate: true }));
        await store.run((data) => dropDatabase(data, 'd'));
      }
    },
  );
  const microseconds = (milliseconds: number) => (milliseconds * 1_000) / (2 * times);
  return [
    {
      name: 'createDatabase and dropDatabase of a client, in memory, with checked arguments',
      value: microseconds(ours),
      unit: 'µs',
      floorName: 'the same operations on its store',
      floor: microseconds(floor),
      target: 1.25,
    },
  ];
}
