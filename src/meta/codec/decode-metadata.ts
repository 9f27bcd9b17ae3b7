import { CfluxError } from '../../errors.js';
import type { Named } from '../named-list.js';
import type { MetaData } from '../records.js';
import { layoutFor } from './layout-writer.js';
import { placeOf } from './malformed-place.js';
import { type KnownSegments, SegmentsReader } from './read-segments.js';
import { checkRecordCount } from './record-limit.js';
import { databaseSegments, type SegmentKind, userSegments } from './segments.js';
import { UnknownFields } from './unknown-fields.js';
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

const fields = ['term', 'index', 'clusterId', 'maxNodeId', 'maxShardGroupId', 'maxShardId'];

function readMetadata(reader: WireReader, known: MetaData | undefined, kept: () => Buffer): MetaData {
  const end = reader.bytes.length;
  const databases = new SegmentsReader(databaseSegments, knownSegments(known?.databases, databaseSegments));
  const users = new SegmentsReader(userSegments, knownSegments(known?.users, userSegments));
  let seen = 0;
  let term = 0n;
  let index = 0n;
  let clusterId = 0n;
  let maxNodeId = 0n;
  let maxShardGroupId = 0n;
  let maxShardId = 0n;
  let unknown: UnknownFields | undefined;
  while (reader.pos < end) {
    const start = reader.pos;
    const tag = reader.tag();
    switch (tag) {
      case 0x08:
        term = reader.uint64();
        seen |= 1;
        break;
      case 0x10:
        index = reader.uint64();
        seen |= 2;
        break;
      case 0x18:
        clusterId = reader.uint64();
        seen |= 4;
        break;
      case 0x2a:
        databases.read(reader, start, end);
        break;
      case 0x32:
        users.read(reader, start, end);
        break;
      case 0x38:
        maxNodeId = reader.uint64();
        seen |= 8;
        break;
      case 0x40:
        maxShardGroupId = reader.uint64();
        seen |= 16;
        break;
      case 0x48:
        maxShardId = reader.uint64();
        seen |= 32;
        break;
      default:
        // The nodes of the 0.9 and 0.10 eras (fields 4, 10 and 11) are here as well.
        unknown = (unknown ?? new UnknownFields()).skip(reader, tag, start, end);
    }
  }
  reader.finish(end);
  for (const [bit, field] of fields.entries()) {
    if ((seen & (1 << bit)) === 0) throw new Malformed(`the required field ${field} is missing`, end);
  }
  const data: MetaData = {
    term,
    index,
    clusterId,
    databases: databases.finish(kept),
    users: users.finish(kept),
    maxNodeId,
    maxShardGroupId,
    maxShardId,
  };
  return unknown === undefined ? data : unknown.addTo(data, reader.bytes);
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
