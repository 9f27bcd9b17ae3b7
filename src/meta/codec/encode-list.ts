import { type Named, originOf } from '../named-list.js';
import { commonRuns } from './runs.js';
import {
  keepLayout,
  keepSegment,
  type Layout,
  layoutOf,
  type Segment,
  type SegmentKind,
  segmentOf,
} from './segments.js';
import { WireWriter } from './wire-writer.js';

/** The encoding of a list, in pieces that others share and nobody may change. */
export interface EncodedList {
  readonly pieces: readonly Buffer[];
  /** Some records will not read as what they are; see {@link WireWriter.lossy}. */
  readonly lossy: boolean;
}

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

/** The layout of `list`, made if there is none yet. */
export function layoutFor<T extends Named>(list: readonly T[], kind: SegmentKind<T>): Layout {
  return layoutOf(list) ?? new LayoutWriter(list, kind).write();
}

function stretch({ bytes, offsets }: Layout, start: number, end: number): Buffer {
  return bytes.subarray(offsets[start], offsets[end]);
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

/** Collects pieces; neighbours become one. */
class Pieces {
  count = 0;
  private readonly pieces: Buffer[] = [];
  private bytes: Buffer | undefined;
  private start = 0;
  private end = 0;
  private lossy = false;

  add(bytes: Buffer, start: number, end: number, lossy: boolean): void {
    this.lossy ||= lossy;
    if (bytes !== this.bytes || start !== this.end) {
      this.closePiece();
      this.bytes = bytes;
      this.start = start;
      this.count++;
    }
    this.end = end;
  }

  addSegment({ bytes, start, end, lossy }: Segment): void {
    this.add(bytes, start, end, lossy);
  }

  finish(): EncodedList {
    this.closePiece();
    return { pieces: this.pieces, lossy: this.lossy };
  }

  private closePiece(): void {
    if (this.bytes !== undefined) this.pieces.push(this.bytes.subarray(this.start, this.end));
  }
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
  keepSegment(record, segment, { copied: false });
  return segment;
}

/** Writes a whole list side by side, from the last record to the first, and keeps where each of them lies. */
class LayoutWriter<T extends Named> {
  private readonly writer: WireWriter;
  /** The writer's size when each record was complete, and one more: before the last. */
  private readonly sizes: Uint32Array;
  /** Positions of the records that were not known. */
  private readonly fresh: number[] = [];
  private readonly lossyOnes = new Set<number>();
  private lossy = false;

  constructor(
    private readonly list: readonly T[],
    private readonly kind: SegmentKind<T>,
  ) {
    this.writer = new WireWriter(this.room());
    this.sizes = new Uint32Array(list.length + 1);
  }

  write(): Layout {
    const { list } = this;
    let position = list.length;
    const origin = originOf(list);
    const known = origin && layoutOf(origin);
    if (origin !== undefined && known !== undefined) {
      for (const { start, end, from } of commonRuns(list, origin).reverse()) {
        this.writeOneByOne(end, position);
        this.copyRun(known, start, end, from);
        position = start;
      }
    }
    this.writeOneByOne(0, position);
    return this.keep(this.writer.finish());
  }

  /** Bytes to begin with: what a relative took, or a guess. */
  private room(): number {
    const { list, kind } = this;
    const { bytes } = layoutOf(originOf(list) ?? list) ?? {};
    return 4096 + (bytes?.length ?? list.reduce((sum, record) => sum + kind.guessSize(record), 0));
  }

  private keep(bytes: Buffer): Layout {
    const { sizes, list, fresh, lossy, lossyOnes } = this;
    const offsets = sizes;
    for (let i = 0; i < sizes.length; i++) offsets[i] = bytes.length - (sizes[i] ?? 0);
    const layout: Layout = { bytes, offsets, lossy };
    keepLayout(list, layout);
    const copied = fresh.length < list.length / 2;
    for (const position of fresh) {
      const record = list[position];
      const start = offsets[position];
      const end = offsets[position + 1];
      if (record === undefined || start === undefined || end === undefined) continue;
      keepSegment(record, { bytes, start, end, lossy: lossyOnes.has(position) }, { copied });
    }
    return layout;
  }

  private copyRun(known: Layout, start: number, end: number, from: number): void {
    const { writer, sizes } = this;
    const { offsets } = known;
    writer.raw(stretch(known, from, from + end - start));
    this.lossy ||= known.lossy;
    const distance = writer.size + (offsets[from] ?? 0);
    for (let i = start, j = from; i < end; i++, j++) sizes[i] = distance - (offsets[j] ?? 0);
  }

  private writeOneByOne(start: number, end: number): void {
    const { writer, list, kind, sizes } = this;
    for (let position = end - 1; position >= start; position--) {
      const record = list[position];
      if (record === undefined) throw new TypeError(`no record at ${position}`);
      const known = segmentOf(record);
      if (known !== undefined) {
        writer.raw(known.bytes.subarray(known.start, known.end));
        this.lossy ||= known.lossy;
      } else {
        const before = writer.size;
        writer.lossy = false;
        kind.write(writer, record);
        writer.delimit(kind.tag, before);
        this.fresh.push(position);
        if (writer.lossy) this.lossyOnes.add(position);
        this.lossy ||= writer.lossy;
      }
      sizes[position] = writer.size;
    }
  }
}
