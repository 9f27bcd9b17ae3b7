import type { WithUnknownFields } from '../records.js';
import type { WireReader } from './wire-reader.js';

/** The locations of the unknown fields of one message: starts and ends alternate, adjacent fields are joined. */
export class UnknownFields {
  private readonly bounds: number[] = [];

  /** Skips one field, whose tag was read at `start`. */
  skip(reader: WireReader, tag: number, start: number, end: number): this {
    reader.skip(tag, start, end);
    const last = this.bounds.length - 1;
    if (this.bounds[last] === start) this.bounds[last] = reader.pos;
    else this.bounds.push(start, reader.pos);
    return this;
  }

  /** Returns `record` with a copy of these fields. */
  addTo<T extends WithUnknownFields>(record: T, source: Buffer): T {
    return { ...record, unknownFields: this.copyFrom(source) };
  }

  copyFrom(source: Buffer): Uint8Array {
    let size = 0;
    for (let i = 0; i < this.bounds.length; i += 2) size += (this.bounds[i + 1] ?? 0) - (this.bounds[i] ?? 0);
    const copy = new Uint8Array(size);
    let position = 0;
    for (let i = 0; i < this.bounds.length; i += 2) {
      const part = source.subarray(this.bounds[i], this.bounds[i + 1]);
      copy.set(part, position);
      position += part.length;
    }
    return copy;
  }
}
