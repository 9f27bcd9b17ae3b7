import type { MetaData } from '../records.js';
import { checkRanges } from './check-ranges.js';
import { encodeList } from './encode-list.js';
import { joinPieces } from './join-pieces.js';
import { checkRecordCount } from './record-limit.js';
import { encodeRoot } from './root-fields.js';
import { databaseSegments, userSegments } from './segments.js';

/** Options of {@link encodeMetadata}. */
export interface EncodeOptions {
  /**
   * What to do with a number that does not fit its field: `throw` a RangeError that names it, or `wrap` it as InfluxDB does, modulo 2^64
   * or 2^32. Default: `throw`.
   */
  readonly outOfRange?: 'throw' | 'wrap';
}

/**
 * Encodes metadata as InfluxDB stores it in `meta.db` and sends it: protocol buffers, byte for byte what InfluxDB writes (except for the
 * order of a user's privileges, which is random in InfluxDB).
 *
 * Databases and users that were encoded or decoded before, and are unchanged, are copied, not encoded again.
 *
 * @throws RangeError naming the first number that does not fit its field, such as `databases[3].retentionPolicies[0].replicaN`.
 * @throws TypeError naming the first field with a wrong type.
 * @throws CfluxError `TOO_LARGE` above five million records, which {@link decodeMetadata} refuses too.
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 *
 * await writeFile('/var/lib/influxdb/meta.db', encodeMetadata(await client.data()));
 * ```
 */
export function encodeMetadata(data: MetaData, options: EncodeOptions = {}): Uint8Array {
  return new Uint8Array(joinPieces(encodeShared(data, options)).buffer);
}

/**
 * Same as {@link encodeMetadata}, but the bytes are not joined: the pieces must be hashed or written one after the other and must not be
 * changed.
 */
export function encodeShared(
  data: MetaData,
  { outOfRange = 'throw' }: EncodeOptions = {},
): readonly Buffer[] {
  const { pieces, lossy } = encodePieces(data);
  if (lossy && outOfRange === 'throw') checkRanges(data);
  return pieces;
}

/** Same as {@link encodeShared}, with numbers wrapped. */
export function encodePieces(data: MetaData): {
  readonly pieces: readonly Buffer[];
  readonly lossy: boolean;
} {
  try {
    const databases = encodeList(data.databases, databaseSegments);
    const users = encodeList(data.users, userSegments);
    const root = encodeRoot(data);
    const pieces = [root.head, ...databases.pieces, ...users.pieces, root.tail];
    checkRecordCount(pieces, () => databases.recordsAtMost() + users.recordsAtMost());
    return { pieces, lossy: root.lossy || databases.lossy || users.lossy };
  } catch (error) {
    // The writer does not check types: it fails without a location.
    if (error instanceof TypeError) checkRanges(data);
    throw error;
  }
}
