import { constants, gunzipSync } from 'node:zlib';

/** A file that is not metadata of InfluxDB 1.x. */
export interface ForeignFile {
  readonly what: string;
  readonly advice: string;
}

const inBackup = 'name the .meta or meta.00 file of the backup, or a meta.db';
const ofVersion2 =
  'InfluxDB 2 has no metadata as InfluxDB 1.x has; name a meta.db or a backup of InfluxDB 1.x, or create the databases in the cluster';
const ofVersion3 = ofVersion2.replace('InfluxDB 2', 'InfluxDB 3');

/** The location of the magic number in a bolt database, after the header of its first page. */
const boltMagic = { at: 16, is: 0xed0cdaed };

const beginsWith = (text: string) => (bytes: Buffer) => bytes.toString('latin1', 0, text.length) === text;
const isBolt = (bytes: Buffer) =>
  bytes.length >= boltMagic.at + 4 &&
  [bytes.readUInt32LE(boltMagic.at), bytes.readUInt32BE(boltMagic.at)].includes(boltMagic.is);
const isSqlite = beginsWith('SQLite format 3\0');
const isJson = beginsWith('{');
const isGzip = beginsWith('\x1f\x8b');
/** A tar archive has this mark in its first header. */
const isTar = (bytes: Buffer) => bytes.toString('latin1', 257, 262) === 'ustar';

/** Kinds of files, the more specific ones first. */
const kinds: readonly (readonly [is: (bytes: Buffer) => boolean, what: string, advice: string])[] = [
  [(bytes) => bytes.length === 0, 'an empty file', inBackup],
  [isBolt, 'the bolt database of an InfluxDB 2 server (influxd.bolt)', ofVersion2],
  [isSqlite, 'an SQLite database, as InfluxDB 2 has (influxd.sqlite)', ofVersion2],
  [
    (bytes) => isJson(bytes) && isManifestOfVersion2(bytes),
    'the manifest of a backup of InfluxDB 2',
    ofVersion2,
  ],
  [isJson, 'the manifest of a backup', inBackup],
  [
    (bytes) => isGzip(bytes) && isBolt(unpacked(bytes)),
    'the metadata of a backup of InfluxDB 2 (bolt)',
    ofVersion2,
  ],
  [
    (bytes) => isGzip(bytes) && isSqlite(unpacked(bytes)),
    'the metadata of a backup of InfluxDB 2 (SQLite)',
    ofVersion2,
  ],
  [isGzip, 'the compressed data of a shard', inBackup],
  [isTar, 'the data of a shard', inBackup],
  [
    (bytes) => /^idb3\.\d{3}/.test(bytes.toString('latin1', 0, 8)),
    'a file of the catalog or the log of InfluxDB 3',
    ofVersion3,
  ],
  [beginsWith('PAR1'), 'a Parquet file, as InfluxDB 3 has', ofVersion3],
  [beginsWith('\x16\xd1\x16\xd1'), 'a TSM file, the points of a shard', inBackup],
];

/** Returns what `bytes` is, if it is another part of a backup or from another version; `undefined` if it may be metadata. */
export function foreignFile(bytes: Buffer): ForeignFile | undefined {
  for (const [is, what, advice] of kinds) if (is(bytes)) return { what, advice };
  return undefined;
}

/** The manifest of a backup of InfluxDB 2 names a key-value store, and buckets. */
const isManifestOfVersion2 = (bytes: Buffer) =>
  /"(kv|sql|buckets|bucketID)"\s*:/.test(bytes.toString('latin1', 0, 4096));

/** Returns the decompressed beginning of a gzip file. */
function unpacked(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes.subarray(0, 4096), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return Buffer.alloc(0);
  }
}
