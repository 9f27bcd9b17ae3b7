import { type Named, settle } from '../named-list.js';
import { notesOn } from '../notes.js';
import type { DatabaseInfo, UserInfo } from '../records.js';
import { Buffer } from './bytes.js';
import { readDatabase } from './read-database.js';
import { readUser } from './read-user.js';
import type { WireReader } from './wire-reader.js';
import type { WireWriter } from './wire-writer.js';
import { writeDatabase, writeUser } from './write-records.js';

/*
 * Metadata is encoded and decoded segment by segment: a segment is one database or one user, including tag and length. The bytes of every
 * record that was read or written are kept for the lifetime of the record. That saves work, because an unchanged record is never encoded
 * again, and it preserves bytes that the records cannot represent (texts that are not UTF-8, unusual orders of fields).
 *
 * Where the segments of a whole list lie side by side, that is a layout, and stretches of it are copied at once: with ten thousand
 * databases even one look-up for each of them would cost more than writing the file.
 */

/** The two kinds of records that are segments. */
export interface SegmentKind<T extends Named> {
  /** Of the field in the root message. */
  readonly tag: number;
  read(reader: WireReader, end: number): T;
  write(writer: WireWriter, record: T): void;
  /** About how many bytes it takes; rather too many. */
  guessSize(record: T): number;
}

export const databaseSegments: SegmentKind<DatabaseInfo> = {
  tag: 0x2a,
  read: readDatabase,
  write: writeDatabase,
  // Nearly all of a large store is shard groups.
  guessSize: ({ retentionPolicies }) =>
    retentionPolicies.reduce((sum, { shardGroups }) => sum + 64 + 40 * shardGroups.length, 64),
};

export const userSegments: SegmentKind<UserInfo> = {
  tag: 0x32,
  read: readUser,
  write: writeUser,
  guessSize: ({ privileges }) => 128 + 32 * privileges.size,
};

export interface Segment {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** Does not decode to the record that it was made from; see {@link WireWriter.lossy}. */
  readonly lossy: boolean;
}

/** Where the segments of a list lie, one after the other. */
export interface Layout {
  readonly bytes: Buffer;
  /** The start of each; one more for the end of the last. */
  readonly offsets: Uint32Array;
  /** Some of them are. */
  readonly lossy: boolean;
  /** How many records there are in all, databases or users and what is inside; counted when it matters. */
  records?: number;
}

const segments = notesOn<Named, Segment>();
const layouts = notesOn<readonly unknown[], Layout>();

export function segmentOf(record: Named): Segment | undefined {
  return segments.get(record);
}

export function layoutOf(list: readonly unknown[]): Layout | undefined {
  return layouts.get(list);
}

export function keepLayout(list: readonly Named[], layout: Layout): void {
  if (list.length === 0) return;
  layouts.set(list, layout);
  settle(list);
}

export function keepSegment(record: Named, segment: Segment): void {
  segments.set(record, segment);
}

/** A record, and where its segment lies in bytes that hold others as well. */
export interface Placed {
  readonly record: Named;
  readonly start: number;
  readonly end: number;
  readonly lossy: boolean;
}

/** Segments that share one piece of memory: a piece for each would cost more than the bytes, one for all would stay for the last. */
export const together = 32;

/** Keeps segments that were read from `bytes`, or written there. `copied`: few, and they shall not keep all of it alive. */
export function keepSegments(
  placed: readonly Placed[],
  bytes: Buffer,
  { copied }: { copied: boolean },
): void {
  if (copied) {
    for (let i = 0; i < placed.length; i += together) keepCopies(placed.slice(i, i + together), bytes);
    return;
  }
  for (const { record, start, end, lossy } of placed) keepSegment(record, { bytes, start, end, lossy });
}

function keepCopies(placed: readonly Placed[], bytes: Buffer): void {
  const copies = Buffer.allocUnsafeSlow(placed.reduce((sum, { start, end }) => sum + end - start, 0));
  let position = 0;
  for (const { record, start, end, lossy } of placed) {
    const copyEnd = position + bytes.copy(copies, position, start, end);
    keepSegment(record, { bytes: copies, start: position, end: copyEnd, lossy });
    position = copyEnd;
  }
}
