import { unreadable } from '../delta-errors.js';

/** A part of a delta that is read sequentially. Errors contain the offset in the whole delta. */
export class Section {
  constructor(
    private readonly bytes: Uint8Array,
    private readonly name: string,
    public position: number,
    readonly end: number,
  ) {}

  get isEmpty(): boolean {
    return this.position === this.end;
  }

  byte(): number {
    if (this.position >= this.end) throw unreadable(`${this.name} ends too soon`, this.position);
    return this.bytes[this.position++] ?? 0;
  }

  /** Reads a number in digits of seven bits, the highest first; all but the last have the eighth bit set. */
  integer(): number {
    const start = this.position;
    for (let value = 0; ; ) {
      const byte = this.byte();
      value = value * 128 + (byte & 0x7f);
      if (value > Number.MAX_SAFE_INTEGER) throw unreadable('a number is too large', start);
      if (byte < 0x80) return value;
    }
  }

  /** Returns the next `length` bytes: a view, not a copy. */
  take(length: number): Uint8Array {
    if (length > this.end - this.position) {
      throw unreadable(
        `${this.name} ends too soon: it lacks some of the next ${length} bytes`,
        this.position,
      );
    }
    this.position += length;
    return this.bytes.subarray(this.position - length, this.position);
  }

  /** Returns the next `length` bytes as a section of their own. */
  part(name: string, length: number): Section {
    const start = this.position;
    if (length > this.end - start) {
      throw unreadable(`${name} of ${length} bytes goes beyond the end of ${this.name}`, start);
    }
    this.position += length;
    return new Section(this.bytes, name, start, this.position);
  }

  /** Throws unless everything was read. */
  finish(): void {
    if (!this.isEmpty) throw unreadable(`${this.name} has unused bytes`, this.position);
  }
}
