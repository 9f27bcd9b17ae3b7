import { Buffer } from './bytes.js';
import { highWord, lowWord, signed, unsigned, words } from './words.js';

const loneSurrogate = /\p{Surrogate}/u;

/** Returns the number of 7-bit digits in the varint of a 64-bit number. */
function varintSize(low: number, high: number): number {
  const bits = high === 0 ? 32 - Math.clz32(low | 1) : 64 - Math.clz32(high);
  return (bits * 9 + 64) >>> 6;
}

/**
 * Writes the protobuf wire format from the last byte to the first: so a message is complete, and its length known, when its length is
 * written. The last part must be written first.
 *
 * Values that do not fit their field set {@link lossy}: a number is written as InfluxDB writes it, modulo 2^64 or 2^32, a lone surrogate
 * as U+FFFD.
 */
export class WireWriter {
  /** What was written does not decode to the original values. */
  lossy = false;
  private bytes: Buffer;
  private pos: number;

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
    this.pos = capacity;
  }

  /** Bytes written so far. */
  get size(): number {
    return this.bytes.length - this.pos;
  }

  /** Returns the written bytes. The writer must not be used any more. */
  finish(): Buffer {
    const written = this.bytes.subarray(this.pos);
    // Unused room would stay allocated for the lifetime of the bytes.
    return this.pos > 1024 + written.length / 4 ? copyOf(written) : written;
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.pos -= bytes.length;
    this.bytes.set(bytes, this.pos);
  }

  uint64(tag: number, value: bigint): void {
    unsigned[0] = value;
    if (BigInt.asUintN(64, value) !== value) this.lossy = true;
    this.varint(tag, words[lowWord] ?? 0, words[highWord] ?? 0);
  }

  int64(tag: number, value: bigint): void {
    signed[0] = value;
    if (BigInt.asIntN(64, value) !== value) this.lossy = true;
    const low = words[lowWord] ?? 0;
    const high = words[highWord] ?? 0;
    if (high >>> 24 !== 0 && high >>> 31 === 0) this.nineBytes(tag, low, high);
    else this.varint(tag, low, high);
  }

  /** Writes an optional time; 0 on the wire means undefined. */
  time(tag: number, value: bigint): void {
    if (value === 0n) this.lossy = true;
    this.int64(tag, value);
  }

  /** The number 0. */
  zero(tag: number): void {
    this.oneByte(tag, 0);
  }

  uint32(tag: number, value: number): void {
    if (value !== value >>> 0) this.noteOverflow(value);
    this.varint(tag, value >>> 0, 0);
  }

  int32(tag: number, value: number): void {
    if (value !== (value | 0)) this.noteOverflow(value);
    this.varint(tag, value | 0, (value | 0) >> 31);
  }

  bool(tag: number, value: boolean): void {
    this.varint(tag, value ? 1 : 0, 0);
  }

  string(tag: number, value: string): void {
    const before = this.size;
    const { length } = value;
    // In UTF-8, one of UTF-16's units takes three bytes at most.
    this.reserve(length * 3);
    const { bytes } = this;
    let { pos } = this;
    let i = length;
    while (i > 0) {
      const unit = value.charCodeAt(i - 1);
      if (unit >= 0x80) break;
      bytes[--pos] = unit;
      i--;
    }
    if (i > 0) {
      const rest = i === length ? value : value.slice(0, i);
      if (loneSurrogate.test(rest)) this.lossy = true;
      pos -= Buffer.byteLength(rest);
      bytes.write(rest, pos);
    }
    this.pos = pos;
    this.delimit(tag, before);
  }

  /** Makes what was written since {@link size} was `before` one field: writes its tag and length before it. */
  delimit(tag: number, before: number): void {
    const size = this.size - before;
    if (size < 0x80) this.oneByte(tag, size);
    else this.varint(tag, size, 0);
  }

  private noteOverflow(value: number): void {
    if (!Number.isSafeInteger(value)) throw new TypeError('not an integer');
    this.lossy = true;
  }

  /** Same as {@link varint}, for numbers below 128. */
  private oneByte(tag: number, value: number): void {
    if (this.pos < 2) this.grow(2);
    this.pos -= 2;
    this.bytes[this.pos] = tag;
    this.bytes[this.pos + 1] = value;
  }

  private varint(tag: number, low: number, high: number): void {
    if (this.pos < 11) this.grow(11);
    const { bytes } = this;
    if (high === 0 && low >>> 21 === 0) {
      let { pos } = this;
      if (low < 0x80) {
        bytes[--pos] = low;
      } else if (low < 0x4000) {
        bytes[--pos] = low >>> 7;
        bytes[--pos] = low | 0x80;
      } else {
        bytes[--pos] = low >>> 14;
        bytes[--pos] = (low >>> 7) | 0x80;
        bytes[--pos] = low | 0x80;
      }
      bytes[--pos] = tag;
      this.pos = pos;
      return;
    }
    let pos = this.pos - varintSize(low, high) - 1;
    this.pos = pos;
    bytes[pos++] = tag;
    let lower = low;
    let upper = high;
    while (upper !== 0) {
      bytes[pos++] = lower | 0x80;
      lower = ((lower >>> 7) | (upper << 25)) >>> 0;
      upper >>>= 7;
    }
    while (lower >>> 7 !== 0) {
      bytes[pos++] = lower | 0x80;
      lower >>>= 7;
    }
    bytes[pos] = lower;
  }

  /** Same as {@link varint}, for numbers of 57 to 63 bits: nearly all times have so many, and so half of a large store. */
  private nineBytes(tag: number, low: number, high: number): void {
    if (this.pos < 10) this.grow(10);
    const { bytes } = this;
    const pos = this.pos - 10;
    this.pos = pos;
    // Only the lower 8 bits of each stored number count; the eighth is the continuation bit.
    bytes[pos] = tag;
    bytes[pos + 1] = low | 0x80;
    bytes[pos + 2] = (low >>> 7) | 0x80;
    bytes[pos + 3] = (low >>> 14) | 0x80;
    bytes[pos + 4] = (low >>> 21) | 0x80;
    bytes[pos + 5] = (low >>> 28) | (high << 4) | 0x80;
    bytes[pos + 6] = (high >>> 3) | 0x80;
    bytes[pos + 7] = (high >>> 10) | 0x80;
    bytes[pos + 8] = (high >>> 17) | 0x80;
    bytes[pos + 9] = high >>> 24;
  }

  private reserve(size: number): void {
    if (this.pos < size) this.grow(size);
  }

  private grow(size: number): void {
    const written = this.bytes.subarray(this.pos);
    const capacity = Math.max(this.bytes.length * 2, written.length + size);
    this.bytes = Buffer.allocUnsafeSlow(capacity);
    this.pos = capacity - written.length;
    this.bytes.set(written, this.pos);
  }
}

/** Returns a copy in separate memory (`Buffer.from` takes small ones from a shared pool, and would keep the pool alive). */
export function copyOf(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}
