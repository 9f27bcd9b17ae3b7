/** Bytes that are read at positions, such as those of an open file. */
export interface ByteSource {
  /** Number of bytes. */
  readonly size: number;
  /** Returns the `length` bytes from `offset`, which lie within `size`; they are valid until the next call. */
  read(offset: number, length: number): Buffer;
}
