import { indexAt } from './target.js';

/** Bytes in pieces, read as if they were contiguous. Immutable. */
export class Rope {
  readonly length: number;
  readonly #starts: readonly number[];

  constructor(readonly pieces: readonly Uint8Array[]) {
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
  slice(start: number, end: number): Uint8Array[] {
    const slices: Uint8Array[] = [];
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

  /** Copies the bytes to memory of their own: views of a pooled buffer would keep the pool. */
  join(): Buffer {
    const joined = Buffer.allocUnsafeSlow(this.length);
    for (const [i, piece] of this.pieces.entries()) joined.set(piece, this.#starts[i]);
    return joined;
  }
}
