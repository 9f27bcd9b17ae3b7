import type { ByteSource } from './byte-source.js';
import { DamagedFile } from './damaged-file.js';
import { SnappyDecoder } from './snappy.js';
import { type TimeRange, union } from './time-range.js';
import { WalPoints } from './wal-points.js';

/*
 * A segment of a write-ahead log: entries, each of a type (1 byte), a length (4, big-endian), and data compressed by Snappy. A segment
 * may be empty. The last entry of a server that was killed may be incomplete: the server cuts the segment there when it starts.
 */
const headerLength = 5;
const write = 1;
/** Deletions of series, and of ranges of them: no points. */
const deletions: ReadonlySet<number> = new Set([2, 3]);

/** Bytes of one read. */
const readLength = 128 * 1024;

/** What a segment contains. */
export interface WalContent {
  /** The times of the points in whole entries; `undefined` if there are none. */
  readonly range: TimeRange | undefined;
  /** Why reading ended before the end of the segment: nothing from there on is used, as the server does. */
  readonly damage: DamagedFile | undefined;
}

/** Returns the times of the points in a WAL segment. Deletions are ignored, so points that were deleted later may be among them. */
export function readWalSegment(source: ByteSource): WalContent {
  let range: TimeRange | undefined;
  let position = 0;
  try {
    while (position < source.size) {
      const { type, end } = readHeader(source, position);
      if (type === write) range = union(range, rangeOfEntry(source, position + headerLength, end));
      position = end;
    }
    return { range, damage: undefined };
  } catch (error) {
    if (!(error instanceof DamagedFile)) throw error;
    return { range, damage: new DamagedFile(error.reason, position) };
  }
}

function readHeader(source: ByteSource, position: number): { readonly type: number; readonly end: number } {
  if (position + headerLength > source.size) throw new DamagedFile('an entry is cut short', position);
  const header = read(source, position, headerLength);
  const type = header.readUInt8(0);
  const end = position + headerLength + header.readUInt32BE(1);
  if (type !== write && !deletions.has(type))
    throw new DamagedFile(`entries of type ${type} are unknown`, position);
  if (end > source.size) throw new DamagedFile('an entry is cut short', position);
  return { type, end };
}

function rangeOfEntry(source: ByteSource, start: number, end: number): TimeRange | undefined {
  const points = new WalPoints();
  const decoder = new SnappyDecoder((bytes) => points.push(bytes));
  for (let position = start; position < end; position += readLength)
    decoder.push(read(source, position, Math.min(readLength, end - position)));
  decoder.finish();
  return points.finish();
}

function read(source: ByteSource, position: number, length: number): Buffer {
  const bytes = source.read(position, length);
  if (bytes.length < length) throw new DamagedFile('it became shorter', position);
  return bytes;
}
