import { CfluxError } from '../../errors.js';
import type { Named } from '../named-list.js';
import type { MetaData } from '../records.js';
import { Buffer } from './bytes.js';
import { layoutFor } from './layout-writer.js';
import { placeOf } from './malformed-place.js';
import { type KnownSegments, SegmentsReader } from './read-segments.js';
import { checkRecordCount } from './record-limit.js';
import { RootReader } from './root-reader.js';
import { databaseSegments, type SegmentKind, userSegments } from './segments.js';
import { Malformed, WireReader } from './wire-reader.js';
import { copyOf } from './wire-writer.js';

/**
 * Decodes metadata from the bytes of InfluxDB's `meta.db`, or from {@link encodeMetadata}. It is read as InfluxDB reads it; unknown
 * fields are kept with their record and written again.
 *
 * @param known previously decoded metadata: databases and users with the same bytes are returned as the same objects, and are not decoded
 * again
 * @throws CfluxError `MALFORMED_METADATA` naming the place, such as `databases[3].retentionPolicies[0]`; `TOO_LARGE` above five million
 *   records, before any is decoded.
 * @example
 * ```ts
 * const meta = new LocalMetaClient();
 * await meta.createDatabase('telegraf');
 * const data = decodeMetadata(meta.marshalBinary());
 * console.log(data.databases[0]?.name); // telegraf
 * ```
 */
export function decodeMetadata(bytes: Uint8Array, known?: MetaData): MetaData {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // A copy, because parts of it are kept with the records, and the caller may reuse the bytes. It is created only when needed: if nearly
  // everything is known already, it is not.
  let copy: Buffer | undefined;
  return decode(view, known, () => {
    copy ??= copyOf(view);
    return copy;
  });
}

/** Same as {@link decodeMetadata}, but keeps the bytes themselves: they must not be changed afterwards. */
export function decodeShared(bytes: Buffer): MetaData {
  return decode(bytes, undefined, () => bytes);
}

function decode(bytes: Buffer, known: MetaData | undefined, kept: () => Buffer): MetaData {
  checkRecordCount([bytes]);
  try {
    return readMetadata(new WireReader(bytes), known, kept);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const place = placeOf(bytes, error.offset);
    const where = place === '' ? `byte ${error.offset}` : `${place}, byte ${error.offset}`;
    throw new CfluxError('MALFORMED_METADATA', `malformed metadata: ${error.reason} (${where})`);
  }
}

function readMetadata(reader: WireReader, known: MetaData | undefined, kept: () => Buffer): MetaData {
  const databases = new SegmentsReader(databaseSegments, knownSegments(known?.databases, databaseSegments));
  const users = new SegmentsReader(userSegments, knownSegments(known?.users, userSegments));
  const root = new RootReader(databases, users);
  root.readFields(reader, reader.bytes.length);
  return root.finish(reader.bytes, kept);
}

/** Returns what is known of `list`. */
function knownSegments<T extends Named>(
  list: readonly T[] | undefined,
  kind: SegmentKind<T>,
): KnownSegments<T> | undefined {
  if (list === undefined || list.length === 0) return undefined;
  const layout = layoutFor(list, kind);
  // Lossy bytes decode to something else than the records they were encoded from.
  return layout.lossy ? undefined : { list, layout };
}
