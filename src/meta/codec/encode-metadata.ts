import type { MetaData } from '../records.js';
import { checkRanges } from './check-ranges.js';
import { encodeList } from './encode-list.js';
import { checkRecordCount } from './record-limit.js';
import { databaseSegments, userSegments } from './segments.js';
import { WireWriter } from './wire-writer.js';

/** @see {@link encodeMetadata} */
export interface EncodeOptions {
  /**
   * What to do with a number that its field cannot hold: `throw` a RangeError that names it, or `wrap` it as InfluxDB does,
   * modulo 2^64 or 2^32. Default: `throw`.
   */
  readonly outOfRange?: 'throw' | 'wrap';
}

/**
 * The metadata as InfluxDB keeps it in `meta.db` and sends it around: protocol buffers, byte for byte what InfluxDB writes (but for the
 * order of a user's privileges, which InfluxDB draws by lot).
 *
 * Databases and users that were encoded or decoded before, and not touched since, are copied, not encoded again.
 *
 * @throws RangeError naming the first number that its field cannot hold, such as `databases[3].retentionPolicies[0].replicaN`.
 * @throws TypeError naming the first field that is not of its type.
 * @throws CfluxError `TOO_LARGE` above five million records, which {@link decodeMetadata} does not take either.
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 *
 * await writeFile('/var/lib/influxdb/meta.db', encodeMetadata(await client.data()));
 * ```
 */
export function encodeMetadata(data: MetaData, { outOfRange = 'throw' }: EncodeOptions = {}): Uint8Array {
  const { pieces, lossy } = encodePieces(data);
  if (lossy && outOfRange === 'throw') checkRanges(data);
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
  let position = 0;
  for (const piece of pieces) {
    bytes.set(piece, position);
    position += piece.length;
  }
  return bytes;
}

/** As {@link encodeMetadata}, but in pieces, to be written one after the other and not to be changed. Numbers are wrapped. */
export function encodePieces(data: MetaData): {
  readonly pieces: readonly Buffer[];
  readonly lossy: boolean;
} {
  try {
    const databases = encodeList(data.databases, databaseSegments);
    const users = encodeList(data.users, userSegments);
    const head = new WireWriter(64);
    head.uint64(0x18, data.clusterId);
    head.uint64(0x10, data.index);
    head.uint64(0x08, data.term);
    const tail = new WireWriter(64);
    if (data.unknownFields !== undefined) tail.raw(data.unknownFields);
    tail.uint64(0x48, data.maxShardId);
    tail.uint64(0x40, data.maxShardGroupId);
    tail.uint64(0x38, data.maxNodeId);
    const pieces = [head.finish(), ...databases.pieces, ...users.pieces, tail.finish()];
    checkRecordCount(pieces);
    return {
      pieces,
      lossy: head.lossy || databases.lossy || users.lossy || tail.lossy,
    };
  } catch (error) {
    // The writer does not look at types: it stumbles, and cannot say where.
    if (error instanceof TypeError) checkRanges(data);
    throw error;
  }
}
