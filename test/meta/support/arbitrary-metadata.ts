import type { MetaData } from 'clusterflux';
import fc from 'fast-check';

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(0n, -1n, 1n, 2n ** 63n - 1n, -(2n ** 63n), 127n, 128n, 2n ** 21n, 2n ** 28n, 2n ** 35n),
);
/** 0 is "absent" on the wire. */
const time = int64.filter((value) => value !== 0n);
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.string({ maxLength: 12 }),
  fc.constantFrom('', '__proto__', 'constructor', 'autogen', '\ufeffx', '\ufffd', 'é', '\0'),
);

const shard = fc.record({
  id: uint64,
  owners: fc.array(fc.record({ nodeId: uint64 }), { maxLength: 2 }),
});

const shardGroup = fc.record(
  {
    id: uint64,
    startTime: int64,
    endTime: int64,
    deletedAt: time,
    truncatedAt: time,
    shards: fc.array(shard, { maxLength: 2 }),
  },
  { requiredKeys: ['id', 'startTime', 'endTime', 'shards'] },
);

const retentionPolicy = fc.record(
  {
    name: text,
    replicaN: fc.nat(2 ** 32 - 1),
    duration: int64,
    shardGroupDuration: int64,
    futureWriteLimit: int64,
    pastWriteLimit: int64,
    shardGroups: fc.array(shardGroup, { maxLength: 3 }),
    subscriptions: fc.array(
      fc.record({ name: text, mode: text, destinations: fc.array(text, { maxLength: 2 }) }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: ['name', 'replicaN', 'duration', 'shardGroupDuration', 'shardGroups', 'subscriptions'] },
);

const database = fc.record({
  name: text,
  defaultRetentionPolicy: text,
  retentionPolicies: fc.array(retentionPolicy, { maxLength: 3 }),
  continuousQueries: fc.array(fc.record({ name: text, query: text }), { maxLength: 2 }),
});

const user = fc.record({
  name: text,
  hash: text,
  admin: fc.boolean(),
  privileges: fc
    .array(fc.tuple(text, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })), { maxLength: 3 })
    .map((entries) => new Map(entries)),
});

/** Any metadata that can be stored without loss. */
export const arbitraryMetadata: fc.Arbitrary<MetaData> = fc.record({
  term: uint64,
  index: uint64,
  clusterId: uint64,
  databases: fc.array(database, { maxLength: 4 }),
  users: fc.array(user, { maxLength: 3 }),
  maxNodeId: uint64,
  maxShardGroupId: uint64,
  maxShardId: uint64,
});
