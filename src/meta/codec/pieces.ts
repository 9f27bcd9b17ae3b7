import type { Segment } from './segments.js';

/** The encoding of a list, in shared immutable pieces. */
export interface EncodedList {
  readonly pieces: readonly Buffer[];
  /** Some records do not decode to the same values; see {@link WireWriter.lossy}. */
  readonly lossy: boolean;
  /** An upper bound on the records in the list, without counting them again; see checkRecordCount. */
  readonly recordsAtMost: () => number;
}

/** Collects pieces; adjacent ones are joined. */
export class Pieces {
  count = 0;
  /** Total number of bytes. */
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

  /** @param recordsAtMost default: one record per byte */
  finish(recordsAtMost: () => number = () => this.size): EncodedList {
    this.closePiece();
    return { pieces: this.pieces, lossy: this.lossy, recordsAtMost };
  }

  private closePiece(): void {
    if (this.bytes !== undefined) this.pieces.push(this.bytes.subarray(this.start, this.end));
  }
}
