import { decodeMetadata, encodeMetadata, LocalMetaClient, type MetaData } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { oracleDecode, oracleMessages } from './support/oracle.js';
import { touched } from './support/touched.js';
import {
  databaseHead,
  delimited,
  fixed32,
  fixed64,
  group,
  groupHead,
  number,
  oneOfEach,
  policyHead,
  queryHead,
  root,
  shardHead,
  subscriptionHead,
  userHead,
  varint,
} from './support/wire.js';

/** Metadata with one database, of one policy, with one group, with one shard with this content. */
const withShard = (...fields: readonly (readonly number[])[]) =>
  root(
    delimited(
      5,
      databaseHead,
      delimited(3, policyHead, delimited(5, groupHead, delimited(5, fields.flat()))),
    ),
  );

const shardOf = (data: MetaData) => data.databases[0]?.retentionPolicies[0]?.shardGroups[0]?.shards[0];

/** Fields that no version of InfluxDB has, one of each wire type. */
const unknown = [
  ...number(15, 2n ** 64n - 1n),
  ...delimited(16, 'text'),
  ...fixed32(17),
  ...fixed64(1000),
  ...group(18, number(1, 1), group(2), delimited(3, 'x')),
  ...delimited(2 ** 29 - 1),
];

describe('unknown fields', () => {
  it.each(oracleMessages)('of a %s are kept, whether its record is touched or not', (message) => {
    const bytes = oneOfEach((name) => (name === message ? unknown : []));
    const data = decodeMetadata(bytes);
    for (const copy of [data, touched(data)]) {
      expect(oracleDecode(encodeMetadata(copy))).toEqual(oracleDecode(bytes));
    }
  });

  it('are kept by operations', async () => {
    const client = new LocalMetaClient();
    await client.setData(decodeMetadata(oneOfEach(() => unknown)));
    await client.createDatabase('other');
    await client.updateRetentionPolicy('db', 'rp', { duration: '30d' }, true);
    await client.truncateShardGroups(0n);
    await client.createContinuousQuery('db', 'another', 'SELECT');
    await client.createSubscription('db', 'rp', 'another', 'ALL', []);
    await client.setPrivilege('u', 'other', 1);
    await client.setAdminPrivilege('u', false);
    await client.dropDatabase('other');
    const { databases, users, $unknown } = oracleDecode(encodeMetadata(client.data()));
    expect($unknown).toHaveLength(6);
    expect(databases).toMatchObject([
      {
        $unknown: { length: 6 },
        retentionPolicies: [
          {
            $unknown: { length: 6 },
            duration: 2_592_000_000_000_000n,
            shardGroups: [
              { $unknown: { length: 6 }, truncatedAt: 0n, shards: [{ $unknown: { length: 6 } }] },
            ],
            subscriptions: [{ $unknown: { length: 6 } }, { name: 'another' }],
          },
        ],
        continuousQueries: [{ $unknown: { length: 6 } }, { name: 'another' }],
      },
    ]);
    expect(users).toMatchObject([
      { $unknown: { length: 6 }, admin: false, privileges: [{ $unknown: { length: 6 }, privilege: 3 }] },
    ]);
  });

  it('a known field of an unexpected wire type is one of them', () => {
    const strange: Readonly<Record<string, readonly number[]>> = {
      Data: [...delimited(2, 'index'), ...number(5, 1)],
      DatabaseInfo: [...number(1, 1), ...fixed64(3)],
      RetentionPolicyInfo: [...delimited(2, 'x'), ...fixed32(4)],
      ShardGroupInfo: [...fixed64(2), ...delimited(6, '')],
      ShardInfo: [...delimited(1, ''), ...number(3, 1)],
      ShardOwner: delimited(1, ''),
      SubscriptionInfo: [...number(2, 1), ...number(3, 1)],
      ContinuousQueryInfo: number(2, 1),
      UserInfo: [...delimited(3, ''), ...number(4, 1)],
      UserPrivilege: [...number(1, 1), ...delimited(2, '')],
    };
    const plain = decodeMetadata(oneOfEach(() => []));
    const data = decodeMetadata(oneOfEach((message) => strange[message] ?? []));
    expect(data.index).toBe(plain.index);
    const again = decodeMetadata(encodeMetadata(touched(data)));
    expect(again).toEqual(data);
    expect(again.databases[0]?.retentionPolicies[0]?.unknownFields).toEqual(
      Uint8Array.from(strange['RetentionPolicyInfo'] ?? []),
    );
  });
});

describe('reading is as lenient as InfluxDB', () => {
  it('fields come in any order, and of repeated ones the last counts', () => {
    const bytes = Uint8Array.from([
      ...number(9, 5),
      ...delimited(6, number(3, 0), delimited(2, 'old'), delimited(1, 'u'), delimited(2, 'new')),
      ...delimited(5, delimited(2, 'rp'), delimited(1, 'a')),
      ...root(delimited(5, delimited(2, 'rp'), delimited(1, 'b'))),
      ...number(2, 77),
    ]);
    const data = decodeMetadata(bytes);
    expect(data).toMatchObject({ index: 77n, maxShardId: 0n, users: [{ name: 'u', hash: 'new' }] });
    expect(data.databases.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(decodeMetadata(encodeMetadata(data))).toEqual(data);
  });

  it('numbers with needless digits are read, and 32-bit fields cut to their bits', () => {
    const policy = [
      ...delimited(1, 'rp'),
      0x10,
      0x85,
      0x80,
      0x00,
      ...number(3, 1),
      ...number(4, 2n ** 32n + 7n),
    ];
    const user = [...userHead, ...delimited(4, delimited(1, 'db'), number(2, 2n ** 32n + 2n ** 31n))];
    const data = decodeMetadata(root(delimited(5, databaseHead, delimited(3, policy)), delimited(6, user)));
    expect(data.databases[0]?.retentionPolicies[0]).toMatchObject({ duration: 5n, replicaN: 7 });
    expect(data.users[0]?.privileges.get('db')).toBe(-(2 ** 31));
  });

  it('any number but 0 is true', () => {
    const admin = (value: bigint) => {
      const user = [...delimited(1, 'u'), ...delimited(2, 'h'), ...number(3, value)];
      return decodeMetadata(root(delimited(6, user))).users[0]?.admin;
    };
    expect([0n, 1n, 2n, 2n ** 32n, 2n ** 63n].map(admin)).toEqual([false, true, true, true, true]);
  });

  it('a deletion or truncation at 0 is none', () => {
    const shardGroup = [...groupHead, ...number(6, 0)];
    const bytes = root(delimited(5, databaseHead, delimited(3, policyHead, delimited(5, shardGroup))));
    const data = decodeMetadata(bytes);
    const [read] = data.databases[0]?.retentionPolicies[0]?.shardGroups ?? [];
    expect(read).not.toHaveProperty('truncatedAt');
    expect(read).not.toHaveProperty('deletedAt');
    // Untouched, it is written as it was.
    expect(encodeMetadata(data)).toEqual(bytes);
    expect(Buffer.from(encodeMetadata(touched(data))).includes(Buffer.from(number(6, 0)))).toBe(false);
  });

  it('OwnerIDs, packed or not, are the owners if there are any; they are written as Owners', () => {
    const ids = (data: MetaData) => shardOf(data)?.owners.map(({ nodeId }) => nodeId);
    const owners = delimited(3, number(1, 9));
    const single = withShard(shardHead, owners, number(2, 1), number(2, 2n ** 64n - 1n));
    const packed = withShard(
      delimited(2, varint(1), varint(300)),
      shardHead,
      owners,
      delimited(2, varint(2)),
    );
    const none = withShard(shardHead, delimited(2), owners);
    expect(ids(decodeMetadata(single))).toEqual([1n, 2n ** 64n - 1n]);
    expect(ids(decodeMetadata(packed))).toEqual([1n, 300n, 2n]);
    expect(ids(decodeMetadata(none))).toEqual([9n]);
    expect(encodeMetadata(decodeMetadata(packed))).toEqual(packed);
    const rewritten = encodeMetadata(touched(decodeMetadata(packed)));
    expect(rewritten).toEqual(withShard(shardHead, ...[1, 300, 2].map((id) => delimited(3, number(1, id)))));
  });

  it('of a privilege given twice, the last counts', () => {
    const user = [
      ...userHead,
      ...delimited(4, delimited(1, 'db'), number(2, 1), number(15, 1)),
      ...delimited(4, delimited(1, 'db'), number(2, 2)),
    ];
    const [read] = decodeMetadata(root(delimited(6, user))).users;
    expect([...(read?.privileges ?? [])]).toEqual([['db', 2]]);
  });
});

describe('texts that are not UTF-8', () => {
  const bad = [0xff, 0x61, 0xc3];
  const query = [...delimited(1, bad), ...delimited(2, 'SELECT')];
  const subscription = [...delimited(1, 's'), ...delimited(2, 'ALL'), ...delimited(3, bad)];
  const policy = [...delimited(1, bad), ...number(2, 0), ...number(3, 1), ...number(4, 1)];
  const bytes = root(
    delimited(5, delimited(1, bad), delimited(2, bad)),
    delimited(
      5,
      databaseHead,
      delimited(3, policy, delimited(6, subscription)),
      delimited(3, policyHead, delimited(6, subscription), delimited(6, subscriptionHead)),
      delimited(4, query),
      delimited(4, queryHead),
    ),
    delimited(6, userHead, delimited(4, delimited(1, bad), number(2, 1))),
  );

  it('read with U+FFFD, and keep their bytes while their record is untouched', async () => {
    const data = decodeMetadata(bytes);
    expect(data.databases[0]?.name).toBe('\ufffda\ufffd');
    expect(encodeMetadata({ ...data, databases: [...data.databases], users: [...data.users] })).toEqual(
      bytes,
    );
    const client = new LocalMetaClient();
    await client.setData(data);
    // The database and the second policy are touched, the other records in them are not.
    await client.createSubscription('db', 'rp', 'new', 'ANY', []);
    const written = Buffer.from(encodeMetadata(client.data()));
    for (const part of [policy, subscription, query, delimited(1, bad)]) {
      expect(written.includes(Buffer.from(part))).toBe(true);
    }
    expect(written.includes('\ufffd')).toBe(false);
    expect(written.includes('ANY')).toBe(true);
  });

  it('are written as they read once their record is touched', () => {
    const written = Buffer.from(encodeMetadata(touched(decodeMetadata(bytes))));
    expect(written.includes(Buffer.from(bad))).toBe(false);
    expect(decodeMetadata(written)).toEqual(decodeMetadata(bytes));
  });
});
