import { CfluxClient, encodeMetadata, LocalMetaClient } from 'clusterflux';
import { benchmarkSnapshot } from '../../test/meta/support/benchmark-snapshot.js';
import { alter, size } from '../client/altering.js';
import type { Figure } from '../report.js';

const nodes = 3;
const alone = 20;
const atOnce = 40;

/** Changes a second at so many databases: of one node that waits for each, and of three nodes that make all of theirs at once. */
export async function changesAt(
  urls: readonly string[],
  { databases, name }: { readonly databases: number; readonly name: string },
): Promise<Figure[]> {
  const data = benchmarkSnapshot({ databases, groups: 0 });
  const clients = Array.from({ length: nodes }, (_, number) => {
    const endpoint = urls[number % urls.length] ?? '';
    const meta = number === 0 ? new LocalMetaClient({ data }) : new LocalMetaClient();
    return new CfluxClient(meta, { endpoint, cluster: `changes-${databases}` });
  });
  for (const client of clients) await client.open();
  const [first = failed()] = clients;
  for (let change = 0; change < 3; change++) await alter(first, change, change + 50);
  const oneByOne = await perSecond(alone, async () => {
    for (let change = 0; change < alone; change++) await alter(first, change, change + 1);
  });
  const together = await perSecond(nodes * atOnce, () =>
    Promise.all(
      clients.flatMap((client, number) =>
        Array.from({ length: atOnce }, (_, change) =>
          alter(client, (number * atOnce + change) % databases, change + 31),
        ),
      ),
    ),
  );
  for (const client of clients) await client.close();
  const where = `at ${databases.toLocaleString('en')} databases (${size(encodeMetadata(data).length)}), ${name}`;
  return [
    { name: `changes of one node, one after the other, ${where}`, value: oneByOne, unit: '/s' },
    { name: `changes of ${nodes} nodes × ${atOnce} at once ${where}`, value: together, unit: '/s' },
  ];
}

async function perSecond(count: number, work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return (count / (performance.now() - begin)) * 1_000;
}

const failed = (): never => {
  throw new Error('there is no client');
};
