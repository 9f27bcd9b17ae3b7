import { DamagedFile } from './damaged-file.js';

/*
 * The block format of Snappy: the decompressed length as a varint, then elements. The lower two bits of the first byte of an element
 * are its kind: literal bytes (0), or a copy of bytes that were decompressed before, with an offset of 11, 16 or 32 bits (1 to 3).
 */

/** Encoders compress parts of 64 KiB, so no copy refers further back. */
const window = 64 * 1024;
/** The window, and as much again as is decompressed between two calls of the sink. */
const outputLength = 4 * window;
/** Bytes of the longest varint of 32 bits. */
const longestVarint = 5;

/**
 * Decompresses one block piece by piece, in constant memory. It refuses copies from more than 64 KiB before, which the format allows but
 * no encoder of InfluxDB writes.
 */
export class SnappyDecoder {
  readonly #sink: (bytes: Buffer) => void;
  readonly #output = Buffer.allocUnsafe(outputLength);
  /** The end of the decompressed bytes in `#output`, and of the bytes that the sink has. */
  #end = 0;
  #given = 0;
  /** The beginning of an element whose other bytes are in the next piece. */
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes of the current literal that are still to come. */
  #literal = 0;
  /** The length in the header; `undefined` before it was read. */
  #length: number | undefined;
  #produced = 0;
  #consumed = 0;

  /** @param sink is called with the decompressed bytes in order; each piece is valid only during the call */
  constructor(sink: (bytes: Buffer) => void) {
    this.#sink = sink;
  }

  /** Decompresses a piece of the block, which is not used after this call. @throws DamagedFile */
  push(piece: Buffer): void {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    let at = this.#length === undefined ? this.#readLength(bytes) : 0;
    while (at < bytes.length && this.#length !== undefined) {
      const used = this.#literal > 0 ? this.#takeLiteral(bytes, at) : this.#takeElement(bytes, at);
      if (used === 0) break;
      at += used;
    }
    this.#consumed += at;
    // A copy, because the caller may reuse the piece. It is at most a few bytes.
    this.#rest = Buffer.from(bytes.subarray(at));
  }

  /** Ends the block. @throws DamagedFile if it is incomplete */
  finish(): void {
    if (this.#rest.length > 0 || this.#literal > 0 || this.#produced !== this.#length)
      throw this.#damaged('the compressed data is cut short');
    this.#flush();
  }

  /** Returns the number of bytes of the length; 0 if they are not complete. */
  #readLength(bytes: Buffer): number {
    let length = 0;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes.readUInt8(at);
      length += (byte & 0x7f) * 2 ** (7 * at);
      if (byte < 0x80 && length < 2 ** 32) {
        this.#length = length;
        return at + 1;
      }
      if (at + 1 >= longestVarint) throw this.#damaged('it is not compressed by Snappy');
    }
    return 0;
  }

  /** Returns the number of bytes of the element at `at`, of a literal without its content; 0 if they are not complete. */
  #takeElement(bytes: Buffer, at: number): number {
    const tag = bytes.readUInt8(at);
    const [kind, upper] = [tag & 3, tag >> 2];
    const extra = kind === 0 ? Math.max(0, upper - 59) : kind === 3 ? 4 : kind;
    if (at + 1 + extra > bytes.length) return 0;
    if (kind === 0) {
      this.#literal = 1 + (extra === 0 ? upper : bytes.readUIntLE(at + 1, extra));
      this.#expect(this.#literal);
    } else if (kind === 1) this.#copy(((tag & 0xe0) << 3) | bytes.readUInt8(at + 1), 4 + (upper & 7));
    else this.#copy(bytes.readUIntLE(at + 1, extra), 1 + upper);
    return 1 + extra;
  }

  #takeLiteral(bytes: Buffer, at: number): number {
    const length = Math.min(this.#literal, bytes.length - at, window);
    this.#makeRoom();
    bytes.copy(this.#output, this.#end, at, at + length);
    this.#literal -= length;
    this.#advance(length);
    return length;
  }

  #copy(offset: number, length: number): void {
    this.#expect(length);
    if (offset === 0 || offset > window || offset > this.#produced)
      throw this.#damaged('the compressed data refers to bytes that are not there');
    this.#makeRoom();
    const output = this.#output;
    const from = this.#end - offset;
    // The source may overlap the target: then bytes that this copy wrote are copied again.
    if (offset >= length) output.copyWithin(this.#end, from, from + length);
    else for (let at = 0; at < length; at++) output[this.#end + at] = output[from + at] ?? 0;
    this.#advance(length);
  }

  #expect(length: number): void {
    if (this.#produced + length > (this.#length ?? 0))
      throw this.#damaged('the compressed data is longer than its length');
  }

  #advance(length: number): void {
    this.#end += length;
    this.#produced += length;
  }

  /** Makes room for as many bytes as one element or piece of a literal may produce, and keeps the window. */
  #makeRoom(): void {
    if (this.#end + window <= outputLength) return;
    this.#flush();
    this.#output.copyWithin(0, this.#end - window, this.#end);
    this.#end = window;
    this.#given = window;
  }

  #flush(): void {
    if (this.#end > this.#given) this.#sink(this.#output.subarray(this.#given, this.#end));
    this.#given = this.#end;
  }

  #damaged(reason: string): DamagedFile {
    return new DamagedFile(reason, this.#consumed);
  }
}
