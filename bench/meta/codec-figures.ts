import {
  type DatabaseInfo,
  decodeMetadata,
  digestMetadata,
  encodeMetadata,
  type MetaData,
} from 'clusterflux';
import { segmentFor } from '../../src/meta/codec/encode-list.js';
import { readDatabase } from '../../src/meta/codec/read-database.js';
import { databaseSegments } from '../../src/meta/codec/segments.js';
import { WireReader } from '../../src/meta/codec/wire-reader.js';
import { benchmarkSnapshot } from '../../test/meta/support/benchmark-snapshot.js';
import { measureInTurn } from '../measure.js';
import type { Figure } from '../report.js';
import { allocateTree, lengthsOf, parsedSnapshot, writeTree } from './floors.js';

const snapshotName = '1,000 databases with 100 shard groups each';

/** The same metadata in databases that were not encoded before. */
function unencoded(data: MetaData): MetaData {
  return { ...data, databases: data.databases.map((database) => ({ ...database })) };
}

/** The same but for one database in the middle, with another name for its default policy each time. */
function withOneChanged(data: MetaData, round: number): MetaData {
  const position = data.databases.length >> 1;
  const database = data.databases[position];
  if (database === undefined) return data;
  const changed: DatabaseInfo = { ...database, defaultRetentionPolicy: `policy-${round}` };
  return { ...data, databases: data.databases.with(position, changed) };
}

async function wholeFigures(data: MetaData, bytes: Uint8Array): Promise<Figure[]> {
  const parsed = parsedSnapshot(data);
  const lengths = lengthsOf(bytes);
  const room = new Uint8Array(bytes.length);
  let sink: unknown;
  const rounds = { rounds: 41, warmUp: 10 };
  // Apart from decoding, whose garbage would be collected at the expense of encoding.
  const encoding = await measureInTurn(
    {
      encode: () => {
        sink = encodeMetadata(unencoded(data));
      },
      write: () => {
        sink = writeTree(unencoded(data), room, lengths);
      },
    },
    rounds,
  );
  const decoding = await measureInTurn(
    {
      decode: () => {
        sink = decodeMetadata(bytes);
      },
      allocate: () => {
        sink = allocateTree(parsed);
      },
    },
    rounds,
  );
  if (sink === undefined) throw new Error('nothing was measured');
  return [
    {
      name: `encoding ${snapshotName}`,
      value: encoding.encode,
      unit: 'ms',
      floorName: 'writing the same tree, all lengths known',
      floor: encoding.write,
      target: 1.5,
    },
    {
      name: `decoding ${snapshotName}`,
      value: decoding.decode,
      unit: 'ms',
      floorName: 'allocating the same tree, nothing to parse',
      floor: decoding.allocate,
      target: 1.4,
    },
  ];
}

async function changeFigures(data: MetaData, bytes: Uint8Array): Promise<Figure[]> {
  const versions = Array.from({ length: 4 }, (_, round) => withOneChanged(data, round));
  const encoded = versions.map((version) => encodeMetadata(version));
  const one = data.databases[0];
  if (one === undefined) throw new Error('no database');
  const segment = segmentFor(one, databaseSegments);
  let round = 0;
  let sink: unknown;
  const times = await measureInTurn(
    {
      encode: () => {
        sink = encodeMetadata(withOneChanged(data, round++));
      },
      decode: () => {
        sink = decodeMetadata(encoded[round % encoded.length] ?? bytes, data);
      },
      digest: () => {
        sink = digestMetadata(versions[round % versions.length] ?? data);
      },
      copy: () => {
        sink = new Uint8Array(bytes);
      },
      encodeOne: () => {
        sink = segmentFor({ ...one }, databaseSegments);
      },
      decodeOne: () => {
        const reader = new WireReader(segment.bytes);
        reader.pos = segment.start;
        reader.tag();
        sink = readDatabase(reader, reader.delimitedEnd(segment.end));
      },
    },
    { rounds: 41, warmUp: 5 },
  );
  if (sink === undefined) throw new Error('nothing was measured');
  return [
    {
      name: 'encoding the snapshot after one database changed',
      value: times.encode,
      unit: 'ms',
      floorName: 'five copies of its bytes, and encoding that one database',
      floor: 5 * times.copy + times.encodeOne,
      target: 1,
    },
    {
      name: 'decoding the snapshot after one database changed',
      value: times.decode,
      unit: 'ms',
      floorName: 'five copies of its bytes, and decoding that one database',
      floor: 5 * times.copy + times.decodeOne,
      target: 1,
    },
    {
      name: 'digest of the snapshot after one database changed',
      value: times.digest,
      unit: 'ms',
      floorName: 'one copy of its bytes',
      floor: times.copy,
    },
  ];
}

export async function codecFigures(): Promise<Figure[]> {
  const bytes = encodeMetadata(benchmarkSnapshot());
  const data = decodeMetadata(bytes);
  return [...(await wholeFigures(data, bytes)), ...(await changeFigures(data, bytes))];
}
