import { decodeMetadata, encodeMetadata, isCfluxError, type MetaData } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { influxdbFile } from './support/influxdb-files.js';
import {
  databaseHead,
  delimited,
  groupHead,
  number,
  oneOfEach,
  ownerHead,
  policyHead,
  privilegeHead,
  root,
  shardHead,
  userHead,
  varint,
} from './support/wire.js';

const database = (...fields: readonly (readonly number[])[]) => root(delimited(5, databaseHead, ...fields));
const policy = (...fields: readonly (readonly number[])[]) => database(delimited(3, policyHead, ...fields));
const shardGroup = (...fields: readonly (readonly number[])[]) =>
  policy(delimited(5, groupHead), delimited(5, groupHead, ...fields));
const shard = (...fields: readonly (readonly number[])[]) => shardGroup(delimited(5, shardHead, ...fields));
const user = (...fields: readonly (readonly number[])[]) => root(delimited(6, userHead, ...fields));

const without = (fields: readonly number[], first: number) => fields.slice(first);

const overlong = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];

describe('what is not metadata is refused, with its place', () => {
  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(), 'the required field term is missing (byte 0)'],
    [
      'a root without its last field',
      root().slice(0, -2),
      'the required field maxShardId is missing (byte 10)',
    ],
    [
      'a database without a name',
      root(delimited(5, delimited(2, 'rp'))),
      'the required field name is missing (databases[0], byte 7)',
    ],
    [
      'a policy without a duration',
      database(delimited(3, policyHead), delimited(3, delimited(1, 'x'), number(3, 1), number(4, 1))),
      'the required field duration is missing (databases[0].retentionPolicies[1], byte 29)',
    ],
    [
      'a group without an id',
      policy(delimited(5, without(groupHead, 2))),
      'the required field id is missing (databases[0].retentionPolicies[0].shardGroups[0], byte 29)',
    ],
    [
      'an empty shard',
      shardGroup(delimited(5)),
      'the required field id is missing (databases[0].retentionPolicies[0].shardGroups[1].shards[0], byte 67)',
    ],
    [
      'an owner without a node',
      shard(delimited(3, ownerHead), delimited(3, number(15, 1))),
      'the required field nodeId is missing (databases[0].retentionPolicies[0].shardGroups[1].shards[0].owners[1], byte 75)',
    ],
    [
      'a subscription without a mode',
      policy(delimited(6, delimited(1, 's'))),
      'the required field mode is missing (databases[0].retentionPolicies[0].subscriptions[0], byte 29)',
    ],
    [
      'a continuous query without a query',
      database(delimited(4, delimited(1, 'q'))),
      'the required field query is missing (databases[0].continuousQueries[0], byte 17)',
    ],
    [
      'a user without an admin flag',
      root(delimited(6, userHead), delimited(6, without(userHead, 3))),
      'the required field name is missing (users[1], byte 20)',
    ],
    [
      'a privilege without a database',
      user(delimited(4, privilegeHead), delimited(4, number(2, 1))),
      'the required field database is missing (users[0].privileges[1], byte 28)',
    ],
    [
      'a number of 11 digits',
      database([0x08, ...overlong]),
      'a number has more than 64 bits (databases[0], byte 17)',
    ],
    [
      'a number of 65 bits',
      user(delimited(4, privilegeHead), [0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]),
      'a number has more than 64 bits (users[0], byte 28)',
    ],
    [
      'the number of a field beyond 2^29',
      root([...varint(2n ** 35n), 0]),
      'the number of a field is out of range (byte 6)',
    ],
    ['a field of number 0', root([0x00, 0x00]), 'a field has the number 0 (byte 6)'],
    ['wire type 6', root([0x0e]), 'a field has the wire type 6 (byte 6)'],
    [
      'wire type 7',
      policy([0x7f]),
      'a field has the wire type 7 (databases[0].retentionPolicies[0], byte 28)',
    ],
    ['the end of a group that has no begin', root([0x0c]), 'a group ends that has not begun (byte 6)'],
    ['a group without an end', database([0x7b, 0x08, 0x01]), 'a group does not end (databases[0], byte 16)'],
    [
      'groups in groups in groups',
      root(new Array<number>(101).fill(0x7b), new Array<number>(101).fill(0x7c)),
      'groups are nested too deep (byte 6)',
    ],
    [
      'a length beyond the input',
      Uint8Array.from([0x2a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
      'a length goes beyond the end of what holds it (byte 1)',
    ],
    [
      'a length beyond its message',
      root(delimited(5, databaseHead, [0x1a, 0x7f])),
      'a length goes beyond the end of what holds it (databases[0], byte 17)',
    ],
    [
      'a length of more than 32 bits',
      Uint8Array.from([0x2a, ...varint(2n ** 32n + 1n), 0]),
      'a length goes beyond the end of what holds it (byte 1)',
    ],
    [
      'a number that continues in the next message',
      root(delimited(5, databaseHead, [0x78, 0x80]), delimited(5, databaseHead)),
      'a field goes beyond the end of its message (databases[0], byte 16)',
    ],
    [
      'a known number that continues after its message',
      root(delimited(6, delimited(1, 'u'), delimited(2, 'h'), [0x18, 0x80]), number(1, 1)),
      'a field goes beyond the end of its message (users[0], byte',
    ],
    [
      'a fixed number that is cut off',
      root([0x79, 1, 2]).slice(0, 9),
      'a field goes beyond the end of its message (byte 6)',
    ],
  ])('%s', (_, bytes, message) => {
    let error: unknown;
    try {
      decodeMetadata(bytes);
    } catch (thrown) {
      error = thrown;
    }
    expect(isCfluxError(error, 'MALFORMED_METADATA')).toBe(true);
    expect(error).toMatchObject({ message: expect.stringContaining(`malformed metadata: ${message}`) });
  });

  it('a file that is cut off anywhere', () => {
    const { bytes } = influxdbFile('basic.db');
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeMetadata(bytes.subarray(0, length))).toThrowError(
        /^malformed metadata: .* \(.*byte \d+\)$/,
      );
    }
  });

  it('is refused just so when most of it is known', () => {
    const bytes = oneOfEach(() => []);
    const known = decodeMetadata(bytes);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeMetadata(bytes.subarray(0, length), known)).toThrowError(/^malformed metadata: /);
    }
  });

  it('names from Object.prototype are just names', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const bytes = root(
      ...names.map((name) => delimited(5, delimited(1, name), delimited(2, name))),
      ...names.map((name) =>
        delimited(
          6,
          delimited(1, name),
          delimited(2, 'h'),
          number(3, 0),
          delimited(4, delimited(1, name), number(2, 3)),
        ),
      ),
    );
    const data = decodeMetadata(bytes);
    expect(data.databases.map(({ name }) => name)).toEqual(names);
    expect(data.users.map(({ privileges }) => [...privileges])).toEqual(names.map((name) => [[name, 3]]));
    expect(encodeMetadata(structuredClone(data))).toEqual(bytes);
    expect('polluted' in {}).toBe(false);
  });
});

describe('a number that its field cannot hold', () => {
  const data = decodeMetadata(oneOfEach(() => []));
  /** The sample with something else in one place. */
  const withPolicy = (change: object): MetaData => ({
    ...data,
    databases: data.databases.map((database) => ({
      ...database,
      retentionPolicies: database.retentionPolicies.map((policy) => ({ ...policy, ...change })),
    })),
  });
  const withGroup = (change: object) =>
    withPolicy({
      shardGroups: data.databases[0]?.retentionPolicies[0]?.shardGroups.map((group) => ({
        ...group,
        ...change,
      })),
    });
  const withPrivilege = (privilege: number): MetaData => ({
    ...data,
    users: data.users.map((user) => ({ ...user, privileges: new Map([['a"b', privilege]]) })),
  });

  it.each<[MetaData, string]>([
    [{ ...data, term: -1n }, 'term must be an unsigned 64-bit integer, not -1'],
    [{ ...data, index: 2n ** 64n }, 'index must be an unsigned 64-bit integer, not 18446744073709551616'],
    [
      withPolicy({ replicaN: -1 }),
      'databases[0].retentionPolicies[0].replicaN must be an unsigned 32-bit integer, not -1',
    ],
    [withPolicy({ replicaN: 2 ** 32 }), 'databases[0].retentionPolicies[0].replicaN'],
    [
      withPolicy({ duration: 2n ** 63n }),
      'databases[0].retentionPolicies[0].duration must be a signed 64-bit integer',
    ],
    [
      withPolicy({ shardGroupDuration: -(2n ** 63n) - 1n }),
      'databases[0].retentionPolicies[0].shardGroupDuration',
    ],
    [withGroup({ id: -1n }), 'databases[0].retentionPolicies[0].shardGroups[0].id'],
    [withGroup({ startTime: 2n ** 200n }), 'databases[0].retentionPolicies[0].shardGroups[0].startTime'],
    [withGroup({ deletedAt: 2n ** 63n }), 'databases[0].retentionPolicies[0].shardGroups[0].deletedAt'],
    [
      withGroup({ shards: [{ id: 2n ** 64n, owners: [] }] }),
      'databases[0].retentionPolicies[0].shardGroups[0].shards[0].id',
    ],
    [withPrivilege(2 ** 31), 'users[0].privileges["a\\"b"] must be a signed 32-bit integer, not 2147483648'],
  ])('is refused, by its name: %#', (wrong, message) => {
    expect(() => encodeMetadata(wrong)).toThrowError(RangeError);
    expect(() => encodeMetadata(wrong)).toThrowError(message);
    // Also when its bytes are kept already.
    expect(() => encodeMetadata({ ...wrong })).toThrowError(message);
    expect(() => encodeMetadata(wrong, { outOfRange: 'wrap' })).not.toThrowError();
  });

  it('or is truncated as in InfluxDB, with `wrap`', () => {
    const wrapped = (wrong: MetaData) => decodeMetadata(encodeMetadata(wrong, { outOfRange: 'wrap' }));
    expect(wrapped(withPolicy({ replicaN: -3 })).databases[0]?.retentionPolicies[0]?.replicaN).toBe(
      4294967293,
    );
    expect(wrapped(withPrivilege(4294967297)).users[0]?.privileges.get('a"b')).toBe(1);
    const group = wrapped(withGroup({ startTime: -9223459200000000000n })).databases[0]?.retentionPolicies[0]
      ?.shardGroups[0];
    expect(group?.startTime).toBe(9223284873709551616n);
  });

  it.each<[object, string]>([
    [{ replicaN: 1.5 }, 'replicaN must be an unsigned 32-bit integer, not 1.5'],
    [{ replicaN: Number.NaN }, 'replicaN must be an unsigned 32-bit integer, not NaN'],
    [{ duration: 5 }, 'duration must be a bigint, not 5'],
    [{ name: undefined }, 'name must be a string, not undefined'],
    [{ shardGroups: undefined }, 'shardGroups must be an array, not undefined'],
  ])('what is no number of that sort is always refused, by its name: %o', (change, message) => {
    for (const outOfRange of ['throw', 'wrap'] as const) {
      expect(() => encodeMetadata(withPolicy(change), { outOfRange })).toThrowError(
        `databases[0].retentionPolicies[0].${message}`,
      );
    }
  });

  it('the bounds themselves come through', () => {
    const least = withGroup({
      id: 0n,
      startTime: -(2n ** 63n),
      endTime: 2n ** 63n - 1n,
      deletedAt: -(2n ** 63n),
    });
    const most = { ...least, index: 2n ** 64n - 1n, maxShardId: 2n ** 64n - 1n };
    expect(decodeMetadata(encodeMetadata(most))).toEqual(most);
  });
});
