import { decodeMetadata, encodeMetadata, type MetaData } from 'clusterflux';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryMetadata } from './support/arbitrary-metadata.js';
import { oracleDecode, oracleEncode } from './support/oracle.js';

/** Metadata as the oracle's fields: times that are absent are 0, privileges are messages. */
function oracleFields(data: MetaData): Record<string, unknown> {
  return {
    ...data,
    databases: data.databases.map((database) => ({
      ...database,
      retentionPolicies: database.retentionPolicies.map((policy) => ({
        ...policy,
        shardGroups: policy.shardGroups.map((group) => ({ deletedAt: 0n, ...group })),
      })),
    })),
    users: data.users.map((user) => ({
      ...user,
      privileges: [...user.privileges].map(([database, privilege]) => ({ database, privilege })),
    })),
  };
}

describe('the codec, against @bufbuild/protobuf', () => {
  it('writes the same bytes', () => {
    fc.assert(
      fc.property(arbitraryMetadata, (data) => {
        const bytes = encodeMetadata(data);
        expect(Buffer.from(bytes).equals(oracleEncode(oracleFields(data)))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('reads what it was written from', () => {
    fc.assert(
      fc.property(arbitraryMetadata, (data) => {
        expect(decodeMetadata(oracleEncode(oracleFields(data)))).toEqual(data);
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps the bytes of what it read', () => {
    fc.assert(
      fc.property(arbitraryMetadata, (data) => {
        const bytes = oracleEncode(oracleFields(data));
        expect(Buffer.from(encodeMetadata(decodeMetadata(bytes))).equals(bytes)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('decodes what the oracle wrote to the same values', () => {
    fc.assert(
      fc.property(arbitraryMetadata, (data) => {
        const bytes = encodeMetadata(data);
        expect(oracleEncode({ ...oracleDecode(bytes) })).toEqual(bytes);
      }),
      { numRuns: 300 },
    );
  });
});
