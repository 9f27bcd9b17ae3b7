import { type Named, positionOf } from '../named-list.js';
import { commonPrefix } from './common-prefix.js';
import { keepLayout, keepSegment, type Layout, type SegmentKind } from './segments.js';
import type { WireReader } from './wire-reader.js';

/** A list that was read or written before. */
export interface KnownSegments<T> {
  readonly list: readonly T[];
  readonly layout: Layout;
}

/**
 * Collects the records of one kind from the root message. Given what is known already, it takes over, as the same objects, the
 * records whose bytes are the same.
 */
export class SegmentsReader<T extends Named> {
  private readonly records: T[] = [];
  private readonly starts: number[] = [];
  /** Positions and ends of the records that were not known. */
  private readonly fresh: { readonly position: number; readonly end: number }[] = [];
  /** Where the last segment ends. */
  private end = 0;
  /** Whether the segments lie side by side, as InfluxDB writes them. */
  private contiguous = true;
  /** Position of the known record that is expected next. */
  private next = 0;

  constructor(
    private readonly kind: SegmentKind<T>,
    private readonly known: KnownSegments<T> | undefined,
  ) {}

  /** Reads the segment that begins at `start`, its tag having been read; if it is known, all that follow and are known, too. */
  read(reader: WireReader, start: number, end: number): void {
    if (start !== this.end && this.records.length > 0) this.contiguous = false;
    if (this.known === undefined || !this.takeRun(reader, start, this.known)) {
      const segmentEnd = reader.delimitedEnd(end);
      const record = this.known && this.takeByName(reader, start, segmentEnd, this.known);
      this.starts.push(start);
      this.records.push(record ?? this.readAnew(reader, segmentEnd));
    }
    this.end = reader.pos;
  }

  finish(bytes: Buffer): readonly T[] {
    const { known, records, starts, fresh, contiguous } = this;
    if (known !== undefined && isSame(records, known.list)) return known.list;
    const copied = fresh.length < records.length / 2;
    for (const { position, end } of fresh) {
      const record = records[position];
      const start = starts[position];
      if (record === undefined || start === undefined) continue;
      keepSegment(record, { bytes, start, end, lossy: false }, { copied });
    }
    if (contiguous) {
      const offsets = new Uint32Array(starts.length + 1);
      offsets.set(starts);
      offsets[starts.length] = this.end;
      keepLayout(records, { bytes, offsets, lossy: false });
    }
    return records;
  }

  private readAnew(reader: WireReader, end: number): T {
    const position = this.records.length;
    const record = this.kind.read(reader, end);
    this.fresh.push({ position, end });
    return record;
  }

  /** Takes the expected record and its successors for as long as the bytes are theirs. */
  private takeRun(reader: WireReader, start: number, { list, layout }: KnownSegments<T>): boolean {
    const { next } = this;
    if (next >= list.length || !isSegment(reader, start, layout, next)) return false;
    const { bytes, offsets } = layout;
    const first = offsets[next] ?? 0;
    const last = offsets[list.length] ?? 0;
    const same = commonPrefix(reader.bytes, start, bytes, first, last - first);
    const distance = start - first;
    for (let end = offsets[next + 1] ?? 0; this.next < list.length && end <= first + same; ) {
      const record = list[this.next];
      if (record === undefined) break;
      this.records.push(record);
      this.starts.push((offsets[this.next] ?? 0) + distance);
      reader.pos = end + distance;
      this.next++;
      end = offsets[this.next + 1] ?? 0;
    }
    return true;
  }

  /** Takes the known record of this name, if its bytes are the same; in any case, goes on after it. */
  private takeByName(
    reader: WireReader,
    start: number,
    end: number,
    { list, layout }: KnownSegments<T>,
  ): T | undefined {
    const name = peekName(reader, end);
    if (name === undefined) return undefined;
    const expected = list[this.next]?.name === name;
    const position = expected ? this.next : positionOf(list, name);
    if (position < 0) return undefined;
    this.next = position + 1;
    if (expected || !isSegment(reader, start, layout, position)) return undefined;
    reader.pos = end;
    return list[position];
  }
}

/** Whether the bytes from `start` on are the known segment at `position`. */
function isSegment(reader: WireReader, start: number, { bytes, offsets }: Layout, position: number): boolean {
  const from = offsets[position] ?? 0;
  const to = offsets[position + 1] ?? 0;
  const end = start + to - from;
  return end <= reader.bytes.length && bytes.compare(reader.bytes, start, end, from, to) === 0;
}

/** The name of the record, if it stands first, as InfluxDB writes it. */
function peekName(reader: WireReader, end: number): string | undefined {
  const { pos } = reader;
  if (pos === end || reader.tag() !== 0x0a) {
    reader.pos = pos;
    return undefined;
  }
  const name = reader.string(end);
  reader.pos = pos;
  return name;
}

function isSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, position) => item === b[position]);
}
