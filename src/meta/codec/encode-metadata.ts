import { type Named, originOf } from '../named-list.js';
import type { MetaData } from '../records.js';
import { checkRanges } from './check-ranges.js';
import { databaseSegments, layoutOf, userSegments } from './segments.js';
import { WireWriter } from './wire-writer.js';
import { writeSegments } from './write-segments.js';

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
 */
export function encodeMetadata(data: MetaData, { outOfRange = 'throw' }: EncodeOptions = {}): Uint8Array {
  const { bytes, lossy } = encodeShared(data);
  if (lossy && outOfRange === 'throw') checkRanges(data);
  return new Uint8Array(bytes);
}

/** As {@link encodeMetadata}, but without a copy of its own for the caller, who must not change the bytes. Numbers are wrapped. */
export function encodeShared(data: MetaData): { bytes: Buffer; lossy: boolean } {
  try {
    return encodeWhole(data);
  } catch (error) {
    // The writer does not look at types: it stumbles, and cannot say where.
    if (error instanceof TypeError) checkRanges(data);
    throw error;
  }
}

function encodeWhole(data: MetaData): { bytes: Buffer; lossy: boolean } {
  const writer = new WireWriter(64 + roomFor(data.databases) + roomFor(data.users));
  if (data.unknownFields !== undefined) writer.raw(data.unknownFields);
  writer.uint64(0x48, data.maxShardId);
  writer.uint64(0x40, data.maxShardGroupId);
  writer.uint64(0x38, data.maxNodeId);
  const lossyBehind = writer.lossy;
  const users = writeSegments(writer, data.users, userSegments);
  const databases = writeSegments(writer, data.databases, databaseSegments);
  writer.uint64(0x18, data.clusterId);
  writer.uint64(0x10, data.index);
  writer.uint64(0x08, data.term);
  const bytes = writer.finish();
  users.keep(bytes);
  databases.keep(bytes);
  return { bytes, lossy: lossyBehind || writer.lossy || users.lossy || databases.lossy };
}

/** Bytes to begin with for `list`: what its nearest relative took, or a guess. */
function roomFor(list: readonly Named[]): number {
  const { offsets } = layoutOf(list) ?? layoutOf(originOf(list) ?? list) ?? {};
  if (offsets === undefined) return 256 * list.length;
  return (offsets.at(-1) ?? 0) - (offsets[0] ?? 0) + 4096;
}
