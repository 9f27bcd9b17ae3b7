import { type Named, originOf } from '../named-list.js';
import { commonRuns } from './runs.js';
import {
  keepLayout,
  keepSegments,
  type Layout,
  layoutOf,
  type Placed,
  type SegmentKind,
  segmentOf,
} from './segments.js';
import { WireWriter } from './wire-writer.js';

/** Returns the layout of `list`, and creates it if needed. */
export function layoutFor<T extends Named>(list: readonly T[], kind: SegmentKind<T>): Layout {
  return layoutOf(list) ?? new LayoutWriter(list, kind).write();
}

/** Returns the bytes of the records `[start, end)`. */
export function stretch({ bytes, offsets }: Layout, start: number, end: number): Buffer {
  return bytes.subarray(offsets[start], offsets[end]);
}

/** Writes a whole list contiguously, from the last record to the first, and records the location of each. */
class LayoutWriter<T extends Named> {
  private readonly writer: WireWriter;
  /** The writer's size when each record was complete, and one more: before the last record. */
  private readonly sizes: Uint32Array;
  /** Positions of the unknown records. */
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

  /** Initial size of the buffer: that of a related list, or a guess. */
  private room(): number {
    const { list, kind } = this;
    const { bytes } = layoutOf(originOf(list) ?? list) ?? {};
    return bytes === undefined
      ? list.reduce((sum, record) => sum + kind.guessSize(record), 0)
      : bytes.length + 4096;
  }

  private keep(bytes: Buffer): Layout {
    const { sizes, list, fresh, lossy, lossyOnes } = this;
    const offsets = sizes;
    for (let i = 0; i < sizes.length; i++) offsets[i] = bytes.length - (sizes[i] ?? 0);
    const layout: Layout = { bytes, offsets, lossy };
    keepLayout(list, layout);
    const placed: Placed[] = [];
    for (const position of fresh) {
      const [record, start, end] = [list[position], offsets[position], offsets[position + 1]];
      if (record === undefined || start === undefined || end === undefined) continue;
      placed.push({ record, start, end, lossy: lossyOnes.has(position) });
    }
    keepSegments(placed, bytes, { copied: placed.length < list.length / 2 });
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
