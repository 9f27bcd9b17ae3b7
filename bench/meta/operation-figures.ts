import { LocalMetaClient } from 'clusterflux';
import { benchmarkSnapshot } from '../../test/meta/support/benchmark-snapshot.js';
import { measureInTurn } from '../measure.js';
import type { Figure } from '../report.js';

type Operation = (client: LocalMetaClient, round: number) => Promise<unknown>;

/** Each leaves a store of the same size, after three rounds at most. */
const operations: Readonly<Record<string, Operation>> = {
  'createDatabase and dropDatabase': (client, round) =>
    round % 2 === 0 ? client.createDatabase('another') : client.dropDatabase('another'),
  'dropDatabase and createDatabase again': (client, round) =>
    round % 2 === 0 ? client.dropDatabase('bench-00003') : client.createDatabase('bench-00003'),
  updateRetentionPolicy: (client, round) =>
    client.updateRetentionPolicy('bench-00005', 'autogen', { replicaN: 1 + (round % 2) }, true),
  'createRetentionPolicy, createShardGroup, dropRetentionPolicy': (client, round) => {
    if (round % 3 === 0) return client.createRetentionPolicy('bench-00007', { name: 'new' }, false);
    if (round % 3 === 1) return client.createShardGroup('bench-00007', 'new', 0n);
    return client.dropRetentionPolicy('bench-00007', 'new');
  },
  setPrivilege: (client, round) => client.setPrivilege('user', 'bench-00009', round % 4),
};

const times = 198;

async function storeOf(databases: number): Promise<LocalMetaClient> {
  const client = new LocalMetaClient();
  await client.setData(benchmarkSnapshot({ databases, groups: 1 }));
  await client.createUser('user', { hash: '', matches: async () => true }, false);
  return client;
}

/** Operations in memory: with ten thousand databases, one more copy of their array is all that may be added; two are allowed. */
export async function operationFigures(): Promise<Figure[]> {
  const small = await storeOf(10);
  const large = await storeOf(10_000);
  const figures: Figure[] = [];
  for (const [name, operation] of Object.entries(operations)) {
    const repeat = (client: LocalMetaClient) => async () => {
      for (let round = 0; round < times; round++) await operation(client, round);
    };
    let list = large.databases();
    const milliseconds = await measureInTurn(
      {
        large: repeat(large),
        small: repeat(small),
        copy: () => {
          for (let round = 0; round < times; round++) list = list.slice();
        },
      },
      { rounds: 41, warmUp: 10 },
    );
    const microseconds = (value: number) => (value * 1000) / times;
    figures.push({
      name: `${name}, in memory, at 10,000 databases`,
      value: microseconds(milliseconds.large),
      unit: 'µs',
      floorName: 'the same at 10 databases, and two copies of an array of 10,000',
      floor: microseconds(milliseconds.small + 2 * milliseconds.copy),
      target: 1,
    });
  }
  return figures;
}
