import { type Named, originOf } from '../named-list.js';
import { commonRuns } from './runs.js';
import { keepLayout, keepSegment, type Layout, layoutOf, type SegmentKind, segmentOf } from './segments.js';
import type { WireWriter } from './wire-writer.js';

export interface WrittenSegments {
  /** Some records will not read as what they are; see {@link WireWriter.lossy}. */
  readonly lossy: boolean;
  /** To be called with the whole encoding: remembers where the records lie in it. */
  keep(whole: Buffer): void;
}

/** Writes all of `list`; what is known already is copied, in stretches as long as possible. */
export function writeSegments<T extends Named>(
  writer: WireWriter,
  list: readonly T[],
  kind: SegmentKind<T>,
): WrittenSegments {
  const layout = layoutOf(list);
  if (layout === undefined) return new SegmentsWriter(writer, list, kind).write();
  writer.raw(stretch(layout, 0, list.length));
  return { lossy: layout.lossy, keep: () => {} };
}

function stretch({ bytes, offsets }: Layout, start: number, end: number): Buffer {
  return bytes.subarray(offsets[start], offsets[end]);
}

class SegmentsWriter<T extends Named> implements WrittenSegments {
  lossy = false;
  /** Positions of the records that were not known. */
  private readonly fresh: number[] = [];
  private readonly lossyOnes = new Set<number>();
  /** The writer's size when each record was complete, and one more: before the last. */
  private readonly sizes: Uint32Array;

  constructor(
    private readonly writer: WireWriter,
    private readonly list: readonly T[],
    private readonly kind: SegmentKind<T>,
  ) {
    this.sizes = new Uint32Array(list.length + 1);
  }

  write(): this {
    const { list, writer, sizes } = this;
    sizes[list.length] = writer.size;
    let position = list.length;
    const origin = originOf(list);
    const layout = origin && layoutOf(origin);
    if (origin !== undefined && layout !== undefined) {
      for (const { start, end, from } of commonRuns(list, origin).reverse()) {
        this.writeOneByOne(end, position);
        this.copyRun(layout, start, end, from);
        position = start;
      }
    }
    this.writeOneByOne(0, position);
    return this;
  }

  keep(whole: Buffer): void {
    const { sizes, list, fresh, lossy, lossyOnes } = this;
    const offsets = sizes.map((size) => whole.length - size);
    keepLayout(list, { bytes: whole, offsets, lossy });
    const copied = fresh.length < list.length / 2;
    for (const position of fresh) {
      const record = list[position];
      const start = offsets[position];
      const end = offsets[position + 1];
      if (record === undefined || start === undefined || end === undefined) continue;
      keepSegment(record, { bytes: whole, start, end, lossy: lossyOnes.has(position) }, { copied });
    }
  }

  private copyRun(layout: Layout, start: number, end: number, from: number): void {
    const { writer, sizes } = this;
    const { offsets } = layout;
    writer.raw(stretch(layout, from, from + end - start));
    this.lossy ||= layout.lossy;
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
    writer.lossy = false;
  }
}
