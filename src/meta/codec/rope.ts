import { indexAt } from '../../delta/target.js';

/** Bytes in pieces, read as if they were contiguous. */
export class Rope {
  readonly length: number;
  readonly #starts: readonly number[];

  constructor(private readonly pieces: readonly Buffer[]) {
    const starts: number[] = [];
    let length = 0;
    for (const piece of pieces) {
      starts.push(length);
      length += piece.length;
    }
    this.#starts = starts;
    this.length = length;
  }

  /** Views of the bytes from `start` up to `end`. */
  slice(start: number, end: number): Buffer[] {
    const slices: Buffer[] = [];
    for (let i = indexAt(this.#starts, start), position = start; position < end; i++) {
      const piece = this.pieces[i];
      if (piece === undefined) throw new RangeError(`there is no byte ${position}`);
      const offset = position - (this.#starts[i] ?? 0);
      const slice = piece.subarray(offset, offset + end - position);
      slices.push(slice);
      position += slice.length;
    }
    return slices;
  }
}
