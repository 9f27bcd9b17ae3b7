import type { Segment } from './segments.js';

/** The encoding of a list, in pieces that others share and nobody may change. */
export interface EncodedList {
  readonly pieces: readonly Buffer[];
  /** Some records will not read as what they are; see {@link WireWriter.lossy}. */
  readonly lossy: boolean;
  /** No fewer records than the list has, without counting them again; see checkRecordCount. */
  readonly recordsAtMost: () => number;
}

/** Collects pieces; neighbours become one. */
export class Pieces {
  count = 0;
  /** Bytes of all of them. */
  size = 0;
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
    this.size += end - start;
  }

  addSegment({ bytes, start, end, lossy }: Segment): void {
    this.add(bytes, start, end, lossy);
  }

  /** @param recordsAtMost Default: a record takes a byte at least. */
  finish(recordsAtMost: () => number = () => this.size): EncodedList {
    this.closePiece();
    return { pieces: this.pieces, lossy: this.lossy, recordsAtMost };
  }

  private closePiece(): void {
    if (this.bytes !== undefined) this.pieces.push(this.bytes.subarray(this.start, this.end));
  }
}
