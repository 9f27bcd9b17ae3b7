import { decodeMetadata, encodeMetadata, LocalMetaClient, type MetaData } from 'clusterflux';
import { describe, expect, it } from 'vitest';

const maxRecords = 5_000_000;
const empty = Buffer.from(new LocalMetaClient().marshalBinary());

/** A field of a message, with its length. */
function field(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const length: number[] = [];
  let rest = body.length;
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([tag, ...length, rest]), body]);
}

const repeat = (count: number, bytes: Buffer) => Buffer.alloc(count * bytes.length, bytes);
const noName = Buffer.from([0x0a, 0, 0x12, 0]);
const database = (...content: readonly Buffer[]) => field(0x2a, noName, ...content);
const policy = (...content: readonly Buffer[]) =>
  field(0x1a, Buffer.from([0x0a, 0, 0x10, 0, 0x18, 0, 0x20, 1]), ...content);
const group = (...content: readonly Buffer[]) =>
  field(0x2a, Buffer.from([0x08, 1, 0x10, 0, 0x18, 0, 0x20, 0]), ...content);
const shard = (...content: readonly Buffer[]) => field(0x2a, Buffer.from([0x08, 1]), ...content);

/** More records than there may be, of each sort, as small as they can be. */
const tooMany: Readonly<Record<string, (count: number) => Buffer>> = {
  databases: (count) => repeat(count, database()),
  'retention policies': (count) => database(repeat(count, policy())),
  'shard groups': (count) => database(policy(repeat(count, group()))),
  shards: (count) => database(policy(group(repeat(count, shard())))),
  owners: (count) => database(policy(group(shard(repeat(count, field(0x1a, Buffer.from([8, 1]))))))),
  'packed owners': (count) => database(policy(group(shard(field(0x12, Buffer.alloc(count, 1)))))),
  subscriptions: (count) => database(policy(repeat(count, field(0x32, noName)))),
  'continuous queries': (count) => database(repeat(count, field(0x22, noName))),
  users: (count) => repeat(count, field(0x32, noName, Buffer.from([0x18, 0]))),
  privileges: (count) =>
    field(0x32, noName, Buffer.from([0x18, 0]), repeat(count, field(0x22, Buffer.from([0x0a, 0, 0x10, 1])))),
};

const refusal = {
  code: 'TOO_LARGE',
  outcome: 'notApplied',
  message: expect.stringMatching(/^metadata is too large: it has more than 5000000 records .*; drop /),
};

const error = (task: () => unknown): unknown => {
  try {
    return task();
  } catch (thrown) {
    return thrown;
  }
};

describe('the limit on records', () => {
  it.each(Object.entries(tooMany))(
    'R24: more than five million %s are refused before they are decoded',
    (_, make) => {
      const before = process.memoryUsage().heapUsed;
      expect(error(() => decodeMetadata(Buffer.concat([empty, make(maxRecords + 1)])))).toMatchObject(
        refusal,
      );
      // Five million records would take a gigabyte.
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(200_000_000);
    },
  );

  it('R24: ten million databases with empty names, 60 MB, are refused', () => {
    expect(error(() => decodeMetadata(Buffer.concat([empty, repeat(10_000_000, database())])))).toMatchObject(
      refusal,
    );
  });

  it('R24: metadata that no node would decode is not encoded, so it is never pushed or stored', async () => {
    const meta = new LocalMetaClient();
    await meta.createDatabase('d');
    const [one] = meta.databases();
    if (one === undefined) throw new Error('no database');
    // The same records again and again, for memory.
    const privileges = new Map(Array.from({ length: 10_000 }, (_, i) => [`d${i}`, 1] as const));
    const user = { name: 'u', hash: '', admin: false, privileges };
    const data = (count: number): MetaData => ({
      ...meta.data(),
      users: Array.from({ length: count }, () => user),
    });
    expect(error(() => encodeMetadata(data(500)))).toMatchObject(refusal);
    expect(error(() => encodeMetadata(data(499)))).toBeInstanceOf(Uint8Array);
  });

  it('what is malformed is reported as that, however large', () => {
    const cut = Buffer.concat([empty, repeat(2_000_000, database()), Buffer.from([0x2a, 9])]);
    expect(error(() => decodeMetadata(cut))).toMatchObject({ code: 'MALFORMED_METADATA' });
  });
});
