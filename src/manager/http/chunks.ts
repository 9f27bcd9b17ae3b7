const blockSize = 16 * 1024;
/** Below this size the object around a chunk costs more than the chunk: a chunk may be a single byte. */
const smallest = 4 * 1024;

/** Collects bytes that arrive in chunks of any size, in little more than their own size. */
export class Chunks {
  readonly #stated: number | undefined;
  readonly #chunks: Buffer[] = [];
  /** Receives chunks that are too small to be kept separately, and all chunks when the length is known. */
  #block: Buffer | undefined;
  #used = 0;

  /** @param stated total number of bytes, if it is known: then they are never stored twice */
  constructor(stated: number | undefined) {
    this.#stated = stated;
  }

  /** Joining the chunks needs a copy. */
  get isScattered(): boolean {
    return this.#chunks.length + (this.#block === undefined ? 0 : 1) > 1;
  }

  add(chunk: Buffer): void {
    const isFirst = this.#chunks.length === 0 && this.#block === undefined;
    // One chunk is the usual case: no copy.
    const isKept =
      this.#stated === undefined
        ? isFirst || chunk.byteLength >= smallest
        : chunk.byteLength === this.#stated;
    if (isKept) {
      this.#endBlock();
      this.#chunks.push(chunk);
    } else this.#copy(chunk);
  }

  /** Returns all bytes; several chunks are joined in a buffer of their own, because a pooled one would keep 8 KiB alive. */
  join(): Buffer {
    this.#endBlock();
    const [first = Buffer.alloc(0)] = this.#chunks;
    return this.#chunks.length <= 1 ? first : Buffer.concat(this.#chunks);
  }

  #copy(chunk: Buffer): void {
    for (let at = 0; at < chunk.byteLength; ) {
      if (this.#block === undefined || this.#used === this.#block.byteLength) {
        this.#endBlock();
        // Its pages take memory only when they are written.
        this.#block = Buffer.allocUnsafeSlow(this.#stated ?? blockSize);
        this.#used = 0;
      }
      const copied = chunk.copy(this.#block, this.#used, at);
      this.#used += copied;
      at += copied;
    }
  }

  #endBlock(): void {
    if (this.#block !== undefined) this.#chunks.push(this.#block.subarray(0, this.#used));
    this.#block = undefined;
  }
}
