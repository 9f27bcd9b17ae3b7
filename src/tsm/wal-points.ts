import { DamagedFile } from './damaged-file.js';
import { RangeOfTimes, type TimeRange } from './time-range.js';

/*
 * The points of one entry of a WAL segment, all integers big-endian. For each key: the type of its values (1 byte), the length of the
 * key (2), the key, the number of points (4), and the points: time (8) and value. A float, an integer and an unsigned integer have 8
 * bytes, a boolean 1, a string its length (4) and its bytes.
 */
const boolean = 3;
const string = 4;
/** Float, integer, boolean, string, unsigned. */
const types = 5;

/** What the next bytes are. */
type Part = 'key' | 'count' | 'point';

/** Bytes that each part needs to be read; what follows of it is skipped. */
const longestPart = 12;

/** Reads the times of points from the pieces of an entry, in constant memory. */
export class WalPoints {
  readonly #times = new RangeOfTimes();
  #part: Part = 'key';
  #type = 0;
  /** Points of the current key that are still to come. */
  #points = 0;
  /** Bytes to skip before the next part. */
  #skip = 0;
  /** The beginning of a part whose other bytes are in the next piece. */
  readonly #rest = Buffer.alloc(longestPart);
  #restLength = 0;

  /** Reads a piece. @throws DamagedFile */
  push(piece: Buffer): void {
    let at = 0;
    for (;;) {
      const skipped = Math.min(this.#skip, piece.length - at);
      this.#skip -= skipped;
      at += skipped;
      if (this.#skip > 0 || at === piece.length) return;
      const needed = this.#needed();
      if (this.#restLength === 0 && at + needed <= piece.length) {
        this.#take(piece, at);
        at += needed;
        continue;
      }
      const length = Math.min(needed - this.#restLength, piece.length - at);
      piece.copy(this.#rest, this.#restLength, at, at + length);
      this.#restLength += length;
      at += length;
      if (this.#restLength < needed) return;
      this.#restLength = 0;
      this.#take(this.#rest, 0);
    }
  }

  /** Ends the entry. Returns the times of its points; `undefined` if there are none. @throws DamagedFile if it is incomplete */
  finish(): TimeRange | undefined {
    if (this.#part !== 'key' || this.#skip > 0 || this.#restLength > 0)
      throw new DamagedFile('an entry is cut short', 0);
    return this.#times.range;
  }

  #needed(): number {
    if (this.#part === 'key') return 3;
    if (this.#part === 'count') return 4;
    return this.#type === string ? 12 : 8;
  }

  #take(bytes: Buffer, at: number): void {
    switch (this.#part) {
      case 'key':
        this.#type = bytes.readUInt8(at);
        if (this.#type < 1 || this.#type > types)
          throw new DamagedFile(`an entry has values of the unknown type ${this.#type}`, 0);
        this.#skip = bytes.readUInt16BE(at + 1);
        this.#part = 'count';
        break;
      case 'count':
        this.#points = bytes.readUInt32BE(at);
        this.#part = this.#points === 0 ? 'key' : 'point';
        break;
      case 'point':
        this.#times.add(bytes.readInt32BE(at), bytes.readUInt32BE(at + 4));
        this.#skip = this.#type === string ? bytes.readUInt32BE(at + 8) : this.#type === boolean ? 1 : 8;
        this.#points -= 1;
        if (this.#points === 0) this.#part = 'key';
    }
  }
}
