import { CfluxError } from '../../errors.js';
import { Malformed, WireReader } from './wire-reader.js';

/** How a `meta.00` begins, and the reply of the snapshot port that it was copied from. */
const magic = Buffer.from([0, 0, 0, 0, 0x59, 0x59, 0x01, 0x01]);
const headerLength = 16;
/** The first field of a portable backup; a `meta.db` has no field of this tag. */
const portableTag = 0x0a;

const damaged = (kind: string, why: string) =>
  new CfluxError(
    'MALFORMED_METADATA',
    `the backup is damaged: ${why}; copy the ${kind} again, or make another backup`,
  );

/**
 * The bytes of the metadata in a file that InfluxDB 1.x wrote: a `meta.db` as it is, the `….meta` of `influxd backup -portable`, or the
 * `meta.00` of a legacy backup.
 *
 * @throws CfluxError `MALFORMED_METADATA` for a backup that is cut short, and for other files of a backup.
 */
export function metadataOfFile(bytes: Buffer): Buffer {
  if (bytes[0] === magic[0]) return metadataOfLegacy(bytes);
  if (bytes[0] === portableTag) return metadataOfPortable(bytes);
  const other = otherFile(bytes);
  if (other === undefined) return bytes;
  throw new CfluxError(
    'MALFORMED_METADATA',
    `this is ${other}, not metadata; name the .meta or meta.00 file of the backup, or a meta.db`,
  );
}

/** What a file is that stands beside the metadata in a backup. */
function otherFile(bytes: Buffer): string | undefined {
  if (bytes.length === 0) return 'an empty file';
  if (bytes[0] === 0x7b) return 'the manifest of a backup';
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'the compressed data of a shard';
  // A tar archive has this mark in its first header.
  return bytes.toString('latin1', 257, 262) === 'ustar' ? 'the data of a shard' : undefined;
}

/** Magic number and length, the metadata, the length of the description of the node, and the description. */
function metadataOfLegacy(bytes: Buffer): Buffer {
  if (bytes.length < headerLength || !bytes.subarray(0, magic.length).equals(magic)) {
    throw damaged('meta.00', 'it does not start as a meta.00 does');
  }
  const end = BigInt(headerLength) + bytes.readBigUInt64BE(magic.length);
  const lengthEnd = end + 8n;
  const whole = lengthEnd > BigInt(bytes.length) ? lengthEnd : lengthEnd + bytes.readBigUInt64BE(Number(end));
  if (whole > BigInt(bytes.length)) {
    throw damaged('meta.00', `it has ${bytes.length} of at least ${whole} bytes`);
  }
  return bytes.subarray(headerLength, Number(end));
}

/** A message of two fields: 1 is the metadata, 2 the highest node id. */
function metadataOfPortable(bytes: Buffer): Buffer {
  const reader = new WireReader(bytes);
  let metadata: Buffer | undefined;
  let isWhole = false;
  try {
    while (reader.pos < bytes.length) {
      const start = reader.pos;
      const tag = reader.tag();
      if (tag === portableTag) {
        const end = reader.delimitedEnd(bytes.length);
        metadata = bytes.subarray(reader.pos, end);
        reader.pos = end;
      } else {
        reader.skip(tag, start, bytes.length);
        isWhole = true;
      }
    }
    reader.finish(bytes.length);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw damaged('.meta file', `${error.reason} (byte ${error.offset})`);
  }
  if (metadata === undefined || !isWhole) throw damaged('.meta file', 'its end is missing');
  return metadata;
}
