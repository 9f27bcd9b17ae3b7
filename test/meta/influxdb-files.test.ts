import { createHash } from 'node:crypto';
import { decodeMetadata, encodeMetadata, type MetaData } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { described, influxdbFile, influxdbFiles, normalized } from './support/influxdb-files.js';

/** The same metadata in records that were not encoded or decoded before. */
function rebuilt(data: MetaData): MetaData {
  return structuredClone(data);
}

describe('files of InfluxDB 1.6.7', () => {
  for (const { name, bytes, description } of influxdbFiles()) {
    it(`${name} decodes to what it is known to hold`, () => {
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(description.sha256);
      expect(described(decodeMetadata(bytes))).toEqual(normalized(description.decoded));
    });

    it(`${name} encodes to the same bytes while its records are untouched`, () => {
      const data = decodeMetadata(bytes);
      const again = encodeMetadata(data);
      expect(decodeMetadata(again)).toEqual(data);
      // Nodes, in the handmade file, are unknown fields: they are kept, but come last.
      if (!name.includes('.input.')) expect(Buffer.from(again).equals(bytes)).toBe(true);
    });

    it(`${name} encodes to the same bytes from records alone`, () => {
      const data = decodeMetadata(bytes);
      const again = encodeMetadata(rebuilt(data));
      expect(decodeMetadata(again)).toEqual(data);
      // In the handmade file, owners are written in two ways; here in one.
      if (!name.includes('.input.')) expect(Buffer.from(again).equals(bytes)).toBe(true);
    });
  }

  it('the conversion that InfluxDB made of the handmade file is ours, but for the nodes that it dropped', () => {
    const input = decodeMetadata(influxdbFile('truncated-owners.input.db').bytes);
    const output = decodeMetadata(influxdbFile('truncated-owners.db').bytes);
    expect(input.databases[0]).toEqual(output.databases[0]);
    expect(input.users[0]).toEqual(output.users[0]);
    expect(input.unknownFields?.length).toBeGreaterThan(0);
    expect(output.unknownFields).toBeUndefined();
  });
});
