import { decodeMetadata, encodeMetadata, isCfluxError, LocalMetaClient, type MetaData } from 'clusterflux';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { applyDelta } from '../../src/delta/apply-delta.js';
import { composeDeltas } from '../../src/delta/compose-deltas.js';
import type { Delta } from '../../src/delta/delta.js';
import { DeltaBuilder } from '../../src/delta/delta-builder.js';
import { parseVcdiff } from '../../src/delta/vcdiff/parse-vcdiff.js';
import { printVcdiff } from '../../src/delta/vcdiff/print-vcdiff.js';
import { decodeDelta } from '../../src/meta/codec/decode-delta.js';
import { diffMetadata } from '../../src/meta/codec/diff-metadata.js';
import { encodeShared } from '../../src/meta/codec/encode-metadata.js';
import { arbitraryMetadata } from './support/arbitrary-metadata.js';
import { benchmarkSnapshot } from './support/benchmark-snapshot.js';
import { countWork } from './support/count-work.js';
import { touched } from './support/touched.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const password = { hash: `$2a$10$${'h'.repeat(53)}`, matches: async () => true };

/** A client, and what another node knows of the same metadata. */
async function pair(databases: number, groups = 0): Promise<{ client: LocalMetaClient; known: MetaData }> {
  const client = new LocalMetaClient();
  await client.setData(benchmarkSnapshot({ databases, groups }));
  for (let i = 0; i < 3; i++) await client.createUser(`u${i}`, password, false);
  return { client, known: decodeMetadata(encodeMetadata(client.data())) };
}

/** `delta` as the other side gets it. */
function sent(delta: Delta, base: Uint8Array): Delta {
  return parseVcdiff(printVcdiff(delta), { baseLength: base.length, maxLength: 2 ** 26 });
}

/** Holds the delta from `base` to `data` against the whole snapshots; returns what the other side decodes from it. */
function expectInvisible(base: MetaData, data: MetaData, known: MetaData): MetaData {
  const [before, after] = [encodeMetadata(base), encodeMetadata(data)];
  const delta = sent(diffMetadata(base, data), before);
  expect(applyDelta(delta, before).equals(after)).toBe(true);
  const decoded = decodeDelta(known, delta);
  expect(decoded).toEqual(data);
  expect(Buffer.concat(encodeShared(decoded)).equals(after)).toBe(true);
  return decoded;
}

type Change = (client: LocalMetaClient) => unknown;
const changes: Record<string, Change> = {
  'a new database': (client) => client.createDatabase('new'),
  'a dropped database': (client) => client.dropDatabase('bench-00050'),
  'the first database dropped': (client) => client.dropDatabase('bench-00000'),
  'the last database dropped': (client) => client.dropDatabase('bench-00099'),
  'a new policy': (client) =>
    client.createRetentionPolicy('bench-00050', { name: 'p', duration: '7d' }, true),
  'a changed policy': (client) =>
    client.updateRetentionPolicy('bench-00050', 'autogen', { duration: '90d' }, false),
  'a renamed policy': (client) =>
    client.updateRetentionPolicy('bench-00050', 'autogen', { name: 'forever' }, true),
  'a dropped policy': (client) => client.dropRetentionPolicy('bench-00050', 'autogen'),
  'a new shard group': (client) =>
    client.createShardGroup('bench-00050', 'autogen', 1_700_000_000_000_000_000n),
  'a deleted shard group': (client) => {
    const group = client.database('bench-00050')?.retentionPolicies[0]?.shardGroups.at(-50);
    return client.deleteShardGroup('bench-00050', 'autogen', group?.id ?? 0n);
  },
  'a new continuous query': (client) =>
    client.createContinuousQuery(
      'bench-00050',
      'cq',
      'CREATE CONTINUOUS QUERY cq ON "bench-00050" BEGIN SELECT 1 END',
    ),
  'a new subscription': (client) =>
    client.createSubscription('bench-00050', 'autogen', 's', 'ALL', ['http://host:9092']),
  'a new user': (client) => client.createUser('paul', password, true),
  'a new password': (client) => client.updateUser('u1', { ...password, hash: `$2a$10$${'g'.repeat(53)}` }),
  'a dropped user': (client) => client.dropUser('u0'),
  'a new privilege': (client) => client.setPrivilege('u1', 'bench-00050', 1),
  'the index alone': () => undefined,
};

describe('R29: one change', () => {
  for (const [databases, groups] of [
    [100, 0],
    [100, 100],
    [1000, 100],
    [10_000, 0],
  ] as const) {
    it(`among ${databases} databases with ${groups} groups each takes at most 250 bytes, and touches its own record only`, async () => {
      const { client, known } = await pair(databases, groups);
      const base = client.data();
      const before = encodeMetadata(base);
      const objects = new Set<unknown>([...known.databases, ...known.users]);
      for (const [name, change] of Object.entries(changes)) {
        const fork = client.fork();
        if (name === 'a deleted shard group' && groups === 0) continue;
        await change(fork);
        const data = { ...fork.data(), index: base.index + 7n };
        const work = countWork();
        const body = printVcdiff(diffMetadata(base, data));
        const made = work();
        const decoded = decodeDelta(
          known,
          parseVcdiff(body, { baseLength: before.length, maxLength: 2 ** 26 }),
        );
        const adopted = work();
        vi.restoreAllMocks();
        const fresh = [...decoded.databases, ...decoded.users].filter((record) => !objects.has(record));
        expect(body.length, name).toBeLessThanOrEqual(250);
        expect(made.read + adopted.written - made.written, name).toBe(0);
        expect(Math.max(made.written, adopted.read, fresh.length), name).toBeLessThanOrEqual(1);
        expect(Buffer.concat(encodeShared(decoded)).equals(encodeMetadata(data)), name).toBe(true);
      }
    });
  }
});

describe('R29: the delta of', () => {
  it.each(Object.entries(changes))(
    '%s makes the bytes and the metadata that the snapshot makes',
    async (_name, change) => {
      const { client, known } = await pair(100, 60);
      const base = client.data();
      await change(client);
      expectInvisible(base, { ...client.data(), index: 99n }, known);
    },
  );

  it('of many neighbours dropped, or put in, copies all others', async () => {
    const { client, known } = await pair(1000);
    const base = client.data();
    for (let i = 300; i < 400; i++) await client.dropDatabase(`bench-00${i}`);
    const data = client.data();
    expectInvisible(base, data, known);
    const inserted = (delta: Delta) =>
      delta.instructions.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
    expect(inserted(diffMetadata(base, data))).toBeLessThan(50);
    expectInvisible(data, base, decodeMetadata(encodeMetadata(data)));
    expect(inserted(diffMetadata(data, base))).toBeLessThan(100 * 70);
  });

  it('records in another order copies them', async () => {
    const { client, known } = await pair(300);
    const base = client.data();
    const data = {
      ...base,
      databases: [...base.databases.slice(150), ...base.databases.slice(0, 150).reverse()],
    };
    const decoded = expectInvisible(base, data, known);
    const objects = new Set(known.databases);
    expect(decoded.databases.every((database) => objects.has(database))).toBe(true);
  });

  it('the same metadata is one copy', async () => {
    const { client, known } = await pair(100);
    const base = client.data();
    expect(diffMetadata(base, base).instructions.length).toBe(1);
    const decoded = decodeDelta(known, diffMetadata(base, base));
    expect(decoded.databases).toBe(known.databases);
    expect(decoded.users).toBe(known.users);
  });

  it('any metadata to any other is invisible', () => {
    fc.assert(
      fc.property(arbitraryMetadata, arbitraryMetadata, (base, other) => {
        const data = {
          ...other,
          databases: [...base.databases, ...other.databases],
          users: [...other.users, ...base.users],
        };
        for (const next of [other, data, touched(base)]) {
          expectInvisible(base, next, decodeMetadata(encodeMetadata(base)));
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('R29: over many versions', () => {
  it('each is adopted from a delta, and ten of them from one that is composed', async () => {
    const { client, known } = await pair(500, 2);
    let before = client.data();
    let follower = known;
    const [start, late] = [before, known];
    let composed: Delta | undefined;
    for (let i = 0; i < 60; i++) {
      await client.createDatabase(`new-${i}`);
      if (i % 3 === 0) await client.dropDatabase(`bench-00${100 + i}`);
      if (i % 4 === 0) await client.setPrivilege('u1', `new-${i}`, 1);
      await client.createContinuousQuery(`bench-00${200 + i}`, 'q', 'q');
      const data = client.data();
      follower = expectInvisible(before, data, follower);
      if (i < 10) {
        const delta = diffMetadata(before, data);
        composed = composed === undefined ? delta : composeDeltas(composed, delta);
      }
      if (i === 9 && composed !== undefined) {
        const bytes = sent(composed, encodeMetadata(start));
        expect(Buffer.concat(encodeShared(decodeDelta(late, bytes))).equals(encodeMetadata(data))).toBe(true);
      }
      before = data;
      expect(follower.databases.at(-1)?.name).toBe(`new-${i}`);
    }
    const reader = new LocalMetaClient();
    await reader.setData(follower);
    expect(before.databases.every(({ name }) => reader.database(name)?.name === name)).toBe(true);
  });
});

describe('R29: a delta that does not follow the records', () => {
  it('is decoded as its bytes are', async () => {
    const { client, known } = await pair(20, 3);
    const base = encodeMetadata(client.data());
    await client.createContinuousQuery('bench-00010', 'q', 'q');
    const target = encodeMetadata(client.data());
    // Copies begin and end anywhere: amid a record, amid the head.
    fc.assert(
      fc.property(fc.nat(200), fc.nat(1200), (front, length) => {
        const builder = new DeltaBuilder();
        let same = 0;
        while (base[same] === target[same]) same++;
        builder.copy(0, Math.min(front, same));
        const start = Math.min(front, same);
        const tail = Math.min(length, base.length - same - 100);
        builder.insert(target.subarray(start, target.length - tail));
        builder.copy(base.length - tail, tail);
        const decoded = decodeDelta(known, builder.finish());
        expect(decoded).toEqual(decodeMetadata(applyDelta(builder.finish(), base)));
      }),
    );
  });

  it('is not taken for records that it copies into something else', async () => {
    const { client, known } = await pair(20);
    const base = Buffer.from(encodeMetadata(client.data()));
    const first = base.indexOf(Buffer.from([0x2a]), 12);
    const name = (size: number) => base.indexOf(Buffer.from(`bench-0000${size}`)) - 4;
    // All databases from the first to the fifth as the value of a field that is not known.
    const builder = new DeltaBuilder();
    const [start, end] = [name(0), name(5)];
    expect(start).toBeGreaterThanOrEqual(first);
    builder.copy(0, start);
    builder.insert(Buffer.from([0x7a, 0x80 | ((end - start) & 0x7f), (end - start) >>> 7]));
    builder.copy(start, base.length - start);
    const decoded = decodeDelta(known, builder.finish());
    expect(decoded).toEqual(decodeMetadata(applyDelta(builder.finish(), base)));
    expect(decoded.databases.length).toBe(15);
  });

  it('to a result that is not metadata, or on another base, is refused', async () => {
    const { client, known } = await pair(20);
    const base = encodeMetadata(client.data());
    const code = (delta: Delta) => {
      try {
        return decodeDelta(known, delta).databases.length;
      } catch (error) {
        return isCfluxError(error) ? error.code : String(error);
      }
    };
    const cut = new DeltaBuilder();
    cut.copy(0, base.length - 100);
    expect(code(cut.finish())).toBe('MALFORMED_METADATA');
    expect(code({ length: 10, instructions: [{ from: base.length - 5, length: 10 }] })).toBe(
      'MALFORMED_DELTA',
    );
    expect(code({ length: 0, instructions: [] })).toBe('MALFORMED_METADATA');
  });

  it('over records that are stored as something else decodes to what is stored', async () => {
    const { client } = await pair(3);
    await client.updateRetentionPolicy('bench-00001', 'autogen', { replicaN: -1 }, false);
    const base = client.data();
    const data = { ...base, index: 50n };
    const decoded = decodeDelta(base, diffMetadata(base, data));
    expect(decoded.databases[1]?.retentionPolicies[0]?.replicaN).toBe(4294967295);
  });
});
