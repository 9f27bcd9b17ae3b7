import type { ByteSource } from '../../src/tsm/byte-source.js';

/** The bytes of a text of hexadecimal digits, with blanks. */
const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

/** A TSM file that InfluxDB 1.6.7 wrote: a point at 1 s with four fields, and points of another series at -5 ns and at 2 s. */
export const tsmFile = hex(`
  16d116d101e3eb321902091c000000003b9aca00100180e055228c00091c000000003b9aca00103ff0000000000000c3fc008000000000001008
  58d26901091c000000003b9aca00100000000000000004019876df03091c000000003b9aca0010040c036865799ffdc726000f20ffffffffffff
  fffb85a8d6b90702104004000000000000c26ffff0ff0000000000000004000a6d2c743d7823217e2362020001000000003b9aca00000000003b
  9aca00000000000000000500000012000a6d2c743d7823217e2366000001000000003b9aca00000000003b9aca00000000000000001700000022
  000a6d2c743d7823217e2369010001000000003b9aca00000000003b9aca00000000000000003900000018000a6d2c743d7823217e2373030001
  000000003b9aca00000000003b9aca00000000000000005100000016000a6d2c743d7923217e2366000001fffffffffffffffb00000000773594
  0000000000000000670000002b0000000000000092`);

/**
 * A WAL segment that InfluxDB 1.6.7 wrote: an entry with points at 1 s and 2 s, one with points at 1 s and 1 ns and at -2 s, with fields
 * of four types, and two deletions.
 */
export const walSegment = hex(`
  010000005e9d016801000a6d2c743d7823217e236600000001000000003b9aca003ff0010a0c00000200192100692e21000d010c0204000a15420073
  3a21001003686579031d2000622e2000040101091a0079327c002c773594003ff800000000000001000000638c016801000a6d2c743d7823217e2366
  00000002000000003b9aca013ff0010a2c0000ffffffff88ca6c003ff809100402001931146900000001000d31010801410804000a155200733a2100
  1003686579031d20346200000001000000003b9aca0101030000001a1e0480000901047fff0901340000000a6d2c743d7923217e2366030000003248
  0480000901047fff0901340000000a6d2c743d7823217e2362320e000066320e0038690000000a6d2c743d7823217e2373`);

/** The end of the first entry of `walSegment`, and of the second. */
export const entryEnds = [99, 203] as const;

/** Bytes in memory, which checks that nothing reads outside of them or too much at once. */
export class MemorySource implements ByteSource {
  readonly size: number;
  reads = 0;
  readonly #bytes: Buffer;
  /** One buffer for all reads, as of files. */
  readonly #buffer = Buffer.alloc(128 * 1024);

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  read(offset: number, length: number): Buffer {
    if (offset < 0 || length > this.#buffer.length || offset + length > this.size)
      throw new RangeError(`read of ${length} bytes at ${offset} of ${this.size}`);
    this.reads += 1;
    this.#bytes.copy(this.#buffer, 0, offset, offset + length);
    return this.#buffer.subarray(0, length);
  }
}

/** The least and the greatest of `times`. */
export function extremes(times: readonly bigint[]): { readonly first: bigint; readonly last: bigint } {
  const sorted = times.toSorted((one, other) => (one < other ? -1 : 1));
  return { first: sorted[0] ?? 0n, last: sorted.at(-1) ?? 0n };
}
