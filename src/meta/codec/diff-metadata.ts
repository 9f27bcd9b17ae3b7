import type { Delta } from '../../delta/delta.js';
import { DeltaBuilder } from '../../delta/delta-builder.js';
import { type Named, positionOf } from '../named-list.js';
import type { MetaData } from '../records.js';
import { diffRecords } from './diff-records.js';
import { segmentFor } from './encode-list.js';
import { encodePieces } from './encode-metadata.js';
import { root } from './message-tree.js';
import { type Places, placesIn } from './places.js';
import { encodeRoot } from './root-fields.js';
import { commonRuns } from './runs.js';
import { databaseSegments, type SegmentKind, userSegments } from './segments.js';

/**
 * Returns the delta from the bytes of `base` to the bytes of `data`, both as encodeMetadata encodes them. There is no search: shared
 * records are copied; a changed one is compared with the one of the same name, field by field. So the work is proportional to the change,
 * apart from one comparison of identity per record.
 *
 * The inserts are views of the bytes that are kept with the records.
 */
export function diffMetadata(base: MetaData, data: MetaData): Delta {
  // New records are encoded together here, and not one by one below.
  encodePieces(data);
  encodePieces(base);
  const [before, after] = [placesIn(base), encodeRoot(data)];
  const builder = new DeltaBuilder();
  if (before.head.equals(after.head)) builder.copy(0, before.head.length);
  else builder.insert(after.head);
  diffLists(builder, { list: base.databases, places: before.databases }, data.databases, databaseSegments);
  diffLists(builder, { list: base.users, places: before.users }, data.users, userSegments);
  if (before.tail.equals(after.tail)) builder.copy(before.users.end, before.tail.length);
  else builder.insert(after.tail);
  return builder.finish();
}

/** A list of the base. */
interface Before<T> {
  readonly list: readonly T[];
  readonly places: Places;
}

function diffLists<T extends Named>(
  builder: DeltaBuilder,
  before: Before<T>,
  list: readonly T[],
  kind: SegmentKind<T>,
): void {
  const { places } = before;
  let position = 0;
  for (const { start, end, from } of commonRuns(list, before.list)) {
    for (const record of list.slice(position, start)) appendRecord(builder, before, record, kind);
    const offset = places.startOf(from);
    builder.copy(offset, places.startOf(from + end - start) - offset);
    position = end;
  }
  for (const record of list.slice(position)) appendRecord(builder, before, record, kind);
}

function appendRecord<T extends Named>(
  builder: DeltaBuilder,
  { list, places }: Before<T>,
  record: T,
  kind: SegmentKind<T>,
): void {
  const fresh = bytesOf(record, kind);
  const position = positionOf(list, record.name);
  const old = list[position];
  const offset = places.startOf(position);
  if (old === undefined) builder.insert(fresh);
  // It was moved, or too much changed before it.
  else if (old === record) builder.copy(offset, fresh.length);
  else diffRecords(builder, bytesOf(old, kind), offset, fresh, root);
}

function bytesOf<T extends Named>(record: T, kind: SegmentKind<T>): Buffer {
  const { bytes, start, end } = segmentFor(record, kind);
  return bytes.subarray(start, end);
}
