/**
 * 64-bit integers as two 32-bit words: JavaScript has no other way to split or assemble a bigint without allocations. One scratch cell is
 * shared, because no code here is interrupted between writing and reading it.
 */
const cell = new ArrayBuffer(8);

/** The cell as two words; see {@link lowWord} and {@link highWord}. */
export const words = new Uint32Array(cell);
/** The cell as a signed number. */
export const signed = new BigInt64Array(cell);
/** The cell as an unsigned number. */
export const unsigned = new BigUint64Array(cell);

const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** Place of the lower 32 bits in {@link words}. */
export const lowWord = littleEndian ? 0 : 1;
/** Place of the upper 32 bits in {@link words}. */
export const highWord = littleEndian ? 1 : 0;
