import { CfluxError } from '../../errors.js';
import type { Named } from '../named-list.js';
import type { MetaData } from '../records.js';
import { layoutFor } from './layout-writer.js';
import { placeOf } from './malformed-place.js';
import { type KnownSegments, SegmentsReader } from './read-segments.js';
import { checkRecordCount } from './record-limit.js';
import { RootReader } from './root-reader.js';
import { databaseSegments, type SegmentKind, userSegments } from './segments.js';
import { Malformed, WireReader } from './wire-reader.js';
import { copyOf } from './wire-writer.js';

/**
 * Metadata from the bytes that InfluxDB keeps in `meta.db`, or that {@link encodeMetadata} made. It is read as InfluxDB reads it;
 * fields that nobody knows are kept with their record and written again.
 *
 * @param known Metadata that is at hand already: databases and users whose bytes are the same come back as the same objects, and are
 *   not decoded again.
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
  // A copy, for parts of it are kept beside the records, and the caller may use the bytes for something else. But if nearly
  // everything is known already, nobody asks for it.
  let copy: Buffer | undefined;
  return decode(view, known, () => {
    copy ??= copyOf(view);
    return copy;
  });
}

/** As {@link decodeMetadata}, but keeps the bytes themselves: nobody may change them afterwards. */
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

/** What is known of `list`. */
function knownSegments<T extends Named>(
  list: readonly T[] | undefined,
  kind: SegmentKind<T>,
): KnownSegments<T> | undefined {
  if (list === undefined || list.length === 0) return undefined;
  const layout = layoutFor(list, kind);
  // Lossy bytes decode to something else than the records that they were made from.
  return layout.lossy ? undefined : { list, layout };
}
