import { type Named, originOf } from '../named-list.js';
import { layoutFor, stretch } from './layout-writer.js';
import { type EncodedList, Pieces } from './pieces.js';
import { commonRuns } from './runs.js';
import { keepSegment, layoutOf, type Segment, type SegmentKind, segmentOf } from './segments.js';
import { WireWriter } from './wire-writer.js';

/**
 * Beyond this, a new layout is made: until then, a change of one record costs its own bytes only, and a walk over the list by
 * identity. (Making a layout for each change would double the cost of a durable commit at ten thousand databases, half of it
 * garbage collection.)
 */
const mostPieces = 64;

export function encodeList<T extends Named>(list: readonly T[], kind: SegmentKind<T>): EncodedList {
  const known =
    layoutOf(list) === undefined ? (fromOrigin(list, kind) ?? fromSegments(list, kind)) : undefined;
  if (known !== undefined) return known;
  const layout = layoutFor(list, kind);
  return { pieces: [stretch(layout, 0, list.length)], lossy: layout.lossy };
}

/** What the list has in common with its origin, as it lies there, and each of the others for itself; nothing if that is too many. */
function fromOrigin<T extends Named>(list: readonly T[], kind: SegmentKind<T>): EncodedList | undefined {
  const origin = originOf(list);
  const known = origin && layoutOf(origin);
  if (origin === undefined || known === undefined) return undefined;
  const runs = commonRuns(list, origin);
  const others = runs.reduce((rest, { start, end }) => rest - (end - start), list.length);
  if (runs.length + others > mostPieces) return undefined;
  const pieces = new Pieces();
  let position = 0;
  for (const { start, end, from } of runs) {
    for (const record of list.slice(position, start)) pieces.addSegment(segmentFor(record, kind));
    pieces.add(known.bytes, known.offsets[from] ?? 0, known.offsets[from + end - start] ?? 0, known.lossy);
    position = end;
  }
  for (const record of list.slice(position)) pieces.addSegment(segmentFor(record, kind));
  return pieces.finish();
}

/** For a list of unknown descent (somebody made it himself) most of whose records are known; nothing if that is too many pieces. */
function fromSegments<T extends Named>(list: readonly T[], kind: SegmentKind<T>): EncodedList | undefined {
  const pieces = new Pieces();
  let unknown = 0;
  for (const record of list) {
    if (segmentOf(record) === undefined && ++unknown > mostPieces) return undefined;
    pieces.addSegment(segmentFor(record, kind));
    if (pieces.count > mostPieces) return undefined;
  }
  return pieces.finish();
}

/** The segment of a record, made if there is none yet. */
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
