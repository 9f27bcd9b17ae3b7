import { type Named, originOf, spend, spentOn } from '../named-list.js';
import { notesOn } from '../notes.js';
import { layoutFor, stretch } from './layout-writer.js';
import { type EncodedList, Pieces } from './pieces.js';
import { countRecords } from './record-limit.js';
import { type Run, runsFromOrigin } from './runs.js';
import {
  keepSegment,
  type Layout,
  layoutOf,
  type Segment,
  type SegmentKind,
  segmentOf,
  together,
} from './segments.js';
import { WireWriter } from './wire-writer.js';

/** For lists of unknown origin. */
const maxPieces = 64;

/**
 * Limit on the pieces, above which a new layout is cheaper (measured; half of the layout's cost is garbage collection). Lists have more
 * pieces with each change, and the best time for a new layout is when all changes since the last one have cost as much, whether one
 * record changes at a time or a hundred: the sum over `m` changes, `m² c / 2 + layout`, divided by `m`, is minimal if its two parts are
 * equal.
 */
const worth = ({ bytes, offsets }: Layout) => 16 + offsets.length / 32 + bytes.length / 1024;

/** A version is encoded several times: for the file, for its digest, for a delta from it and for a delta to it. */
const encodedInPieces = notesOn<readonly unknown[], EncodedList>();

export function encodeList<T extends Named>(list: readonly T[], kind: SegmentKind<T>): EncodedList {
  const inPieces = layoutOf(list) === undefined ? keptInPieces(list, kind) : undefined;
  if (inPieces !== undefined) return inPieces;
  const layout = layoutFor(list, kind);
  return {
    pieces: [stretch(layout, 0, list.length)],
    lossy: layout.lossy,
    recordsAtMost: () => recordsOf(layout),
  };
}

function keptInPieces<T extends Named>(list: readonly T[], kind: SegmentKind<T>): EncodedList | undefined {
  const known = encodedInPieces.get(list);
  if (known !== undefined) return known;
  const encoded = encodeInPieces(list, kind);
  if (encoded !== undefined) encodedInPieces.set(list, encoded);
  return encoded;
}

function recordsOf(layout: Layout): number {
  layout.records ??= countRecords(stretch(layout, 0, layout.offsets.length - 1));
  return layout.records;
}

/** Returns undefined if there would be too many pieces. */
function encodeInPieces<T extends Named>(list: readonly T[], kind: SegmentKind<T>): EncodedList | undefined {
  const origin = originOf(list);
  const known = origin && layoutOf(origin);
  return origin && known ? fromOrigin(list, kind, origin, known) : fromSegments(list, kind);
}

/** Copies what the list has in common with its origin, and encodes the other records one by one. */
function fromOrigin<T extends Named>(
  list: readonly T[],
  kind: SegmentKind<T>,
  origin: readonly unknown[],
  known: Layout,
): EncodedList | undefined {
  const runs = runsFromOrigin(list, origin);
  const gaps = gapsBetween(runs, list);
  const others = gaps.flat();
  const count = runs.length + others.length;
  if (spentOn(list) + count > worth(known)) return;
  spend(list, count);
  encodeTogether(others, kind);
  const pieces = new Pieces();
  let common = 0;
  for (const [i, gap] of gaps.entries()) {
    for (const record of gap) pieces.addSegment(segmentFor(record, kind));
    const run = runs[i];
    if (run === undefined) continue;
    const { offsets, bytes, lossy } = known;
    const [start = 0, end = 0] = [offsets[run.from], offsets[run.from + run.end - run.start]];
    pieces.add(bytes, start, end, lossy);
    common += end - start;
  }
  // Runs do not overlap, so they have no more records than the origin, and new data has at most one per byte.
  return pieces.finish(() => recordsOf(known) + pieces.size - common);
}

/** For a list of unknown origin (created by the application) with mostly known records. */
function fromSegments<T extends Named>(list: readonly T[], kind: SegmentKind<T>): EncodedList | undefined {
  const pieces = new Pieces();
  let unknown = 0;
  for (const record of list) {
    if (segmentOf(record) === undefined && ++unknown > maxPieces) return undefined;
    pieces.addSegment(segmentFor(record, kind));
    if (pieces.count > maxPieces) return undefined;
  }
  return pieces.finish();
}

/** Returns the parts of `list` that are in none of `runs`: before each of them, and after the last. */
function gapsBetween<T>(runs: readonly Run[], list: readonly T[]): readonly (readonly T[])[] {
  const before = runs.map(({ start }, i) => list.slice(runs[i - 1]?.end ?? 0, start));
  return [...before, list.slice(runs.at(-1)?.end ?? 0)];
}

/** Encodes unknown records together: separate memory for each of them would cost more than the bytes. */
function encodeTogether<T extends Named>(records: readonly T[], kind: SegmentKind<T>): void {
  const unknown = records.filter((record) => segmentOf(record) === undefined);
  for (let i = 0; i < unknown.length; i += together) layoutFor(unknown.slice(i, i + together), kind);
}

/** Returns the segment of a record, and creates it if needed. */
export function segmentFor<T extends Named>(record: T, kind: SegmentKind<T>): Segment {
  return segmentOf(record) ?? encodeSegment(record, kind);
}

/** Encodes one record by itself, and keeps its segment. */
function encodeSegment<T extends Named>(record: T, kind: SegmentKind<T>): Segment {
  const writer = new WireWriter(kind.guessSize(record));
  kind.write(writer, record);
  writer.delimit(kind.tag, 0);
  const bytes = writer.finish();
  const segment: Segment = { bytes, start: 0, end: bytes.length, lossy: writer.lossy };
  keepSegment(record, segment);
  return segment;
}
