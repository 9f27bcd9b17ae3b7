import { highWord, lowWord, signed, unsigned, words } from './words.js';

/**
 * What is wrong with the bytes, and where. It is thrown, but is not an Error, whose stack would cost more than decoding a small input:
 * decodeMetadata converts it to the error that users get.
 */
export class Malformed {
  constructor(
    readonly reason: string,
    readonly offset: number,
  ) {}
}

/** Groups occur in unknown fields only, and InfluxDB writes none: deeper nesting is not legitimate. */
const deepestGroup = 100;

/** Wire types: the lower three bits of a tag. */
const varint = 0;
const fixed64 = 1;
const delimited = 2;
const groupStart = 3;
const groupEnd = 4;
const fixed32 = 5;

/**
 * Reads the protobuf wire format. Every read is checked against the input; a varint may run past the end of its message, so each message
 * is closed with {@link finish}, which detects that.
 */
export class WireReader {
  pos = 0;
  /** Lower and upper 32 bits of the last varint. */
  private low = 0;
  private high = 0;

  /*
   * The last number of each kind, to be reused: a group begins where the one before it ends, and if nothing was ever dropped a shard has
   * the number of its group. That saves half of the allocations of a large store.
   */
  private unsignedLow = 0;
  private unsignedHigh = 0;
  private lastUnsigned = 0n;
  private signedLow = 0;
  private signedHigh = 0;
  private lastSigned = 0n;

  constructor(readonly bytes: Buffer) {}

  /** The next field's tag: its number times 8, plus the wire type. */
  tag(): number {
    const byte = this.bytes[this.pos] ?? 0x80;
    if (byte < 0x80) {
      this.pos++;
      return byte;
    }
    const start = this.pos;
    this.varint();
    if (this.high !== 0) throw new Malformed('the number of a field is out of range', start);
    return this.low >>> 0;
  }

  uint64(): bigint {
    this.varint();
    const { low, high } = this;
    if (low === this.unsignedLow && high === this.unsignedHigh) return this.lastUnsigned;
    words[lowWord] = low;
    words[highWord] = high;
    const value = unsigned[0] ?? 0n;
    this.unsignedLow = low;
    this.unsignedHigh = high;
    this.lastUnsigned = value;
    return value;
  }

  int64(): bigint {
    this.varint();
    const { low, high } = this;
    // Between a group's end and the next one's start there is "not deleted".
    if ((low | high) === 0) return 0n;
    if (low === this.signedLow && high === this.signedHigh) return this.lastSigned;
    words[lowWord] = low;
    words[highWord] = high;
    const value = signed[0] ?? 0n;
    this.signedLow = low;
    this.signedHigh = high;
    this.lastSigned = value;
    return value;
  }

  /** Reads a 32-bit field; higher bits are truncated, as in InfluxDB. */
  uint32(): number {
    this.varint();
    return this.low >>> 0;
  }

  /** Reads a 32-bit field; higher bits are truncated, as in InfluxDB. */
  int32(): number {
    this.varint();
    return this.low;
  }

  bool(): boolean {
    this.varint();
    return (this.low | this.high) !== 0;
  }

  /** Reads a length and returns the end of the value. `end` is the end of the enclosing message. */
  delimitedEnd(end: number): number {
    const start = this.pos;
    this.varint();
    if (this.high !== 0 || this.low >>> 0 > end - this.pos) {
      throw new Malformed('a length goes beyond the end of what holds it', start);
    }
    return this.pos + this.low;
  }

  /** Reads a string; bytes that are not UTF-8 become U+FFFD. `end` is the end of the enclosing message. */
  string(end: number): string {
    const stop = this.delimitedEnd(end);
    const start = this.pos;
    this.pos = stop;
    return this.bytes.toString('utf8', start, stop);
  }

  /** Closes a message: its fields must end where it ends. */
  finish(end: number): void {
    if (this.pos !== end) throw new Malformed('a field goes beyond the end of its message', end - 1);
  }

  /** Skips the value of an unknown field, whose tag was read at `start`. */
  skip(tag: number, start: number, end: number): void {
    let depth = 0;
    for (let current = tag; ; current = this.tag()) {
      if (current >>> 3 === 0) throw new Malformed('a field has the number 0', start);
      switch (current & 7) {
        case varint:
          this.varint();
          break;
        case fixed64:
          this.pos += 8;
          break;
        case delimited:
          this.pos = this.delimitedEnd(end);
          break;
        case groupStart:
          if (++depth > deepestGroup) throw new Malformed('groups are nested too deep', start);
          break;
        case groupEnd:
          if (--depth < 0) throw new Malformed('a group ends that has not begun', start);
          break;
        case fixed32:
          this.pos += 4;
          break;
        default:
          throw new Malformed(`a field has the wire type ${current & 7}`, start);
      }
      if (this.pos > end) throw new Malformed('a field goes beyond the end of its message', start);
      if (depth === 0) return;
      if (this.pos === end) throw new Malformed('a group does not end', start);
    }
  }

  /** Reads a varint into {@link low} and {@link high}. Beyond the input it reads continuation bytes, and so fails. */
  private varint(): void {
    const { bytes } = this;
    let { pos } = this;
    let byte = bytes[pos++] ?? 0x80;
    let low = byte & 0x7f;
    let high = 0;
    if (byte >= 0x80) {
      byte = bytes[pos++] ?? 0x80;
      low |= (byte & 0x7f) << 7;
      if (byte >= 0x80) {
        byte = bytes[pos++] ?? 0x80;
        low |= (byte & 0x7f) << 14;
        if (byte >= 0x80) {
          byte = bytes[pos++] ?? 0x80;
          low |= (byte & 0x7f) << 21;
          if (byte >= 0x80) {
            byte = bytes[pos++] ?? 0x80;
            low |= (byte & 0x7f) << 28;
            high = (byte & 0x7f) >>> 4;
            let shift = 3;
            while (byte >= 0x80) {
              byte = bytes[pos++] ?? 0x80;
              high |= (byte & 0x7f) << shift;
              shift += 7;
              // The tenth byte holds the last of 64 bits.
              if (shift > 31 && byte > 1) {
                const reason =
                  pos > bytes.length ? 'the input ends in a number' : 'a number has more than 64 bits';
                throw new Malformed(reason, this.pos);
              }
            }
          }
        }
      }
    }
    this.low = low;
    this.high = high;
    this.pos = pos;
  }
}
