import { decodeMetadata, encodeMetadata, LocalMetaClient, type MetaData } from 'clusterflux';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { encodeShared } from '../../src/meta/codec/encode-metadata.js';
import { replaceAt } from '../../src/meta/named-list.js';
import { benchmarkSnapshot } from './support/benchmark-snapshot.js';
import { countWork } from './support/count-work.js';

afterEach(() => {
  vi.restoreAllMocks();
});

async function clientWith(databases: number): Promise<LocalMetaClient> {
  const client = new LocalMetaClient();
  await client.setData(benchmarkSnapshot({ databases, groups: 2 }));
  for (let i = 0; i < 3; i++)
    await client.createUser(`u${i}`, { hash: 'h', matches: async () => true }, false);
  return client;
}

describe('what was encoded or decoded before is not done again', () => {
  it('after one change, one database is encoded', async () => {
    const client = await clientWith(1000);
    encodeMetadata(client.data());
    const work = countWork();
    await client.createContinuousQuery('bench-00500', 'c', 'q');
    encodeMetadata(client.data());
    await client.createDatabase('new');
    await client.dropDatabase('bench-00002');
    encodeMetadata(client.data());
    await client.setPrivilege('u1', 'new', 1);
    encodeMetadata(client.data());
    encodeMetadata({ ...client.data(), index: 5n });
    expect(work()).toEqual({ read: 0, written: 3 });
  });

  it('also in lists that an application created', async () => {
    const client = await clientWith(1000);
    encodeMetadata(client.data());
    const work = countWork();
    const data = client.data();
    const [first] = data.databases;
    if (first === undefined) throw new Error('no database');
    const copy = [...data.databases].reverse();
    encodeMetadata({ ...data, databases: copy });
    encodeMetadata({ ...data, databases: copy.with(7, { ...first, name: 'other' }) });
    encodeMetadata({ ...data, databases: data.databases.slice(500) });
    expect(work()).toEqual({ read: 0, written: 1 });
  });

  it('what was decoded is not encoded', async () => {
    const bytes = encodeMetadata((await clientWith(100)).data());
    const data = decodeMetadata(bytes);
    const work = countWork();
    expect(encodeMetadata(data)).toEqual(bytes);
    expect(work()).toEqual({ read: 0, written: 0 });
  });

  it('given what is known, one changed database is decoded; all others are the same objects', async () => {
    const client = await clientWith(1000);
    const known = decodeMetadata(encodeMetadata(client.data()));
    await client.createContinuousQuery('bench-00500', 'c', 'q');
    await client.createDatabase('new');
    await client.dropDatabase('bench-00002');
    const bytes = encodeMetadata(client.data());
    const work = countWork();
    const data = decodeMetadata(bytes, known);
    expect(work()).toEqual({ read: 2, written: 0 });
    expect(data).toEqual(client.data());
    expect(data.users).toBe(known.users);
    const before = new Map(known.databases.map((database) => [database.name, database]));
    for (const database of data.databases) {
      if (database.name === 'new' || database.name === 'bench-00500') continue;
      expect(database).toBe(before.get(database.name));
    }
  });

  it('given the same, the lists are the same objects', async () => {
    const client = await clientWith(100);
    const bytes = encodeMetadata(client.data());
    const known = client.data();
    const data = decodeMetadata(bytes, known);
    expect(data).toEqual(known);
    expect(data.databases).toBe(known.databases);
    expect(data.users).toBe(known.users);
  });

  it('records that were moved are the same objects', async () => {
    const { databases, ...rest } = (await clientWith(100)).data();
    const known = { ...rest, databases };
    const moved = [...databases.slice(50), ...databases.slice(0, 50).reverse()];
    const data = decodeMetadata(encodeMetadata({ ...rest, databases: moved }), known);
    expect(data.databases.every((database, position) => database === moved[position])).toBe(true);
  });
});

describe('names that occur twice', () => {
  it('are harmless, and take linear time', () => {
    const { databases, ...rest } = benchmarkSnapshot({ databases: 20_000, groups: 0 });
    const twice = { ...rest, databases: [...databases, ...databases] };
    const known = decodeMetadata(encodeMetadata(twice));
    // Nothing is where it was: each of them would have to be searched for.
    const turned = { ...rest, databases: [...twice.databases].reverse() };
    expect(decodeMetadata(encodeMetadata(turned), known).databases.length).toBe(40_000);
  });
});

describe('a list of many records', () => {
  /** Ten databases of two hundred have other queries each time, so the list is written as a whole after a few changes. */
  const changed = (data: MetaData, round: number): MetaData => {
    const databases = data.databases.map((database, i) =>
      i % 20 === 0
        ? { ...database, continuousQueries: [{ name: `q${round}`, query: `query ${round}` }] }
        : database,
    );
    return {
      ...data,
      databases: databases.reduce((list, each, i) => replaceAt(list, i, each), data.databases),
    };
  };
  const sharesMemory = (data: MetaData, base: MetaData) => {
    const { buffer } = encodeShared(base).toSorted((a, b) => b.length - a.length)[0] ?? {};
    return encodeShared(data).some((piece) => piece.buffer === buffer);
  };

  it('is written as a whole when its changes have cost as much (R29)', () => {
    const base = decodeMetadata(encodeMetadata(benchmarkSnapshot({ databases: 200, groups: 2 })));
    let data = base;
    let rounds = 0;
    while (rounds < 100 && sharesMemory(data, base)) data = changed(data, ++rounds);
    expect(rounds).toBeGreaterThan(2);
    expect(rounds).toBeLessThan(100);
    const settled = data;
    data = changed(data, 0);
    expect(sharesMemory(data, settled)).toBe(true);
  });

  it('is not written as a whole because of the changes of another client of the process (R29)', () => {
    const base = decodeMetadata(encodeMetadata(benchmarkSnapshot({ databases: 200, groups: 2 })));
    for (let client = 0; client < 100; client++) {
      const data = changed(base, client);
      expect(sharesMemory(data, base)).toBe(true);
    }
  });
});

describe('kept bytes', () => {
  it('are not those of the caller', async () => {
    const client = await clientWith(100);
    const expected = encodeMetadata(client.data());
    encodeMetadata(client.data()).fill(0);
    expect(encodeMetadata(client.data())).toEqual(expected);
    const input = encodeMetadata(client.data());
    const data = decodeMetadata(input);
    input.fill(0);
    expect(encodeMetadata(data)).toEqual(expected);
    await client.createDatabase('new');
    const changed = encodeMetadata(client.data());
    const after = decodeMetadata(changed, data);
    const wanted = changed.slice();
    changed.fill(0);
    expect(encodeMetadata(after)).toEqual(wanted);
  });

  it('of what would not read as it is are not taken for it', async () => {
    const client = await clientWith(3);
    await client.updateRetentionPolicy('bench-00001', 'autogen', { replicaN: -1 }, false);
    await client.truncateShardGroups(0n);
    const known = client.data();
    const bytes = encodeMetadata(known, { outOfRange: 'wrap' });
    const data = decodeMetadata(bytes, known);
    expect(data).toEqual(decodeMetadata(bytes));
    expect(data.databases[1]?.retentionPolicies[0]?.replicaN).toBe(4294967295);
  });
});

/** Changes of a store, as numbers that are read modulo what is there. */
const change = fc.record({
  what: fc.constantFrom(
    'create',
    'create',
    'drop',
    'drop first',
    'recreate',
    'policy',
    'query',
    'user',
    'grant',
  ),
  which: fc.nat(),
});

async function apply(
  client: LocalMetaClient,
  { what, which }: { what: string; which: number },
): Promise<void> {
  const databases = client.databases();
  const name = databases[which % databases.length]?.name ?? '';
  if (what === 'create') await client.createDatabase(`db${which % 500}`);
  if (what === 'drop') await client.dropDatabase(name);
  if (what === 'drop first') await client.dropDatabase(databases[0]?.name ?? '');
  if (what === 'recreate') {
    await client.dropDatabase(name);
    await client.createDatabase(name || 'x');
  }
  if (databases.length === 0) return;
  if (what === 'policy') await client.createRetentionPolicy(name, { name: `p${which % 7}` }, false);
  if (what === 'query') await client.createContinuousQuery(name, `q${which}`, 'q');
  if (what === 'user') await client.createUser(`v${which}`, { hash: 'h', matches: async () => true }, true);
  if (what === 'grant' && client.userCount() > 0) {
    await client.setPrivilege(client.users()[which % client.userCount()]?.name ?? '', name, which % 4);
  }
}

describe('any changes, in groups of any size', () => {
  it('are encoded as if from scratch, decoded to the same, and every name is found', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 150 }),
        fc.array(fc.array(change, { minLength: 1, maxLength: 90 }), { maxLength: 6 }),
        async (size, groups) => {
          const client = await clientWith(size);
          let known: MetaData = decodeMetadata(encodeMetadata(client.data()));
          for (const group of groups) {
            for (const step of group) await apply(client, step);
            const data = client.data();
            const bytes = encodeMetadata(data);
            expect(Buffer.from(encodeMetadata(structuredClone(data))).equals(bytes)).toBe(true);
            known = decodeMetadata(bytes, known);
            expect(known).toEqual(data);
            expect(Buffer.from(encodeMetadata(known)).equals(bytes)).toBe(true);
            const follower = new LocalMetaClient();
            await follower.setData(known);
            const lost = data.databases.filter(
              ({ name }) => client.database(name)?.name !== name || follower.database(name)?.name !== name,
            );
            expect(lost).toEqual([]);
            expect(follower.database('nowhere')).toBeUndefined();
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
