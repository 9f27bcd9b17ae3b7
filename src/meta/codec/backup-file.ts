import { CfluxError } from '../../errors.js';
import { foreignFile } from './foreign-file.js';
import { Malformed, WireReader } from './wire-reader.js';

/** The beginning of a `meta.00`, and of the snapshot port's response that it was copied from. */
const magic = Buffer.from([0, 0, 0, 0, 0x59, 0x59, 0x01, 0x01]);
const headerLength = 16;
/** The first field of a portable backup; a `meta.db` has no field of this tag. */
const portableTag = 0x0a;

const damaged = (kind: string, why: string) =>
  new CfluxError(
    'MALFORMED_METADATA',
    `the backup is damaged: ${why}; copy the ${kind} again, or create another backup`,
  );

/**
 * Returns the bytes of the metadata in a file that InfluxDB 1.x wrote: a `meta.db`, the `….meta` of `influxd backup -portable`, or the
 * `meta.00` of a legacy backup.
 *
 * @throws CfluxError `MALFORMED_METADATA` for a backup that is cut short, for other files of a backup, and for files of InfluxDB 2 and 3.
 */
export function metadataOfFile(bytes: Buffer): Buffer {
  const foreign = foreignFile(bytes);
  if (foreign !== undefined) {
    const { what, advice } = foreign;
    throw new CfluxError('MALFORMED_METADATA', `this is ${what}, not metadata; ${advice}`);
  }
  if (bytes[0] === magic[0]) return metadataOfLegacy(bytes);
  if (bytes[0] === portableTag) return metadataOfPortable(bytes);
  return bytes;
}

/** Magic number and length, the metadata, the length of the description of the node, and the description. */
function metadataOfLegacy(bytes: Buffer): Buffer {
  if (bytes.length < headerLength || !bytes.subarray(0, magic.length).equals(magic)) {
    throw damaged('meta.00', 'it does not start like a meta.00');
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
