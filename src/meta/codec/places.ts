import { type Named, originOf } from '../named-list.js';
import { notesOn } from '../notes.js';
import type { MetaData } from '../records.js';
import { segmentFor } from './encode-list.js';
import { encodeRoot } from './root-fields.js';
import { runsFromOrigin } from './runs.js';
import { databaseSegments, layoutOf, type SegmentKind, userSegments } from './segments.js';

/** The locations of the records of a list in an encoded snapshot. */
export class Places {
  constructor(
    private readonly offsets: Uint32Array,
    /** Offset of the first record. */
    private readonly start: number,
  ) {}

  /** Returns the offset of the record at `position`; after the last one, the end. */
  startOf(position: number): number {
    return this.start + (this.offsets[position] ?? 0) - (this.offsets[0] ?? 0);
  }

  get end(): number {
    return this.startOf(this.offsets.length - 1);
  }

  /** Returns the first position at or after `offset`; the number of records if there is none. */
  firstFrom(offset: number): number {
    let low = 0;
    let high = this.offsets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.startOf(middle) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Returns the last position that begins or ends at or before `offset`; −1 if there is none. */
  lastUpTo(offset: number): number {
    return this.firstFrom(offset + 1) - 1;
  }
}

/** An encoded snapshot: its own fields, and the locations of everything else. */
export interface SnapshotPlaces {
  readonly head: Buffer;
  readonly databases: Places;
  readonly users: Places;
  readonly tail: Buffer;
}

/** Returns the locations of everything in the encoding of `data`. */
export function placesIn(data: MetaData): SnapshotPlaces {
  const { head, tail } = encodeRoot(data);
  const databases = new Places(offsetsOf(data.databases, databaseSegments), head.length);
  const users = new Places(offsetsOf(data.users, userSegments), databases.end);
  return { head, databases, users, tail };
}

const keptOffsets = notesOn<readonly unknown[], Uint32Array>();

/** Returns the offsets of the records of a list, from any origin; one more for the end of the last. */
function offsetsOf<T extends Named>(list: readonly T[], kind: SegmentKind<T>): Uint32Array {
  const known = layoutOf(list)?.offsets ?? keptOffsets.get(list);
  if (known !== undefined) return known;
  const offsets = measure(list, kind);
  keptOffsets.set(list, offsets);
  return offsets;
}

/** Sums the sizes; for records that the origin has in the same order, from the differences of its offsets. */
function measure<T extends Named>(list: readonly T[], kind: SegmentKind<T>): Uint32Array {
  const offsets = new Uint32Array(list.length + 1);
  let position = 0;
  const oneByOne = (stop: number) => {
    for (; position < stop; position++) {
      const record = list[position];
      if (record === undefined) throw new TypeError(`no record at ${position}`);
      const { start, end } = segmentFor(record, kind);
      offsets[position + 1] = (offsets[position] ?? 0) + end - start;
    }
  };
  const origin = originOf(list);
  const known = origin && layoutOf(origin)?.offsets;
  for (const { start, end, from } of origin && known ? runsFromOrigin(list, origin) : []) {
    oneByOne(start);
    const distance = (offsets[start] ?? 0) - (known?.[from] ?? 0);
    for (let next = from + 1; position < end; next++) offsets[++position] = (known?.[next] ?? 0) + distance;
  }
  oneByOne(list.length);
  return offsets;
}
