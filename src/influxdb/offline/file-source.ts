import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { ByteSource } from '../../tsm/byte-source.js';
import { DamagedFile } from '../../tsm/damaged-file.js';

/** Bytes of the largest read that does not allocate a buffer of its own. */
const bufferLength = 128 * 1024;

/**
 * Opens one file after another, read-only, with one buffer. The calls are synchronous: for thousands of small reads, asynchronous ones
 * take several times as long.
 */
export class FileReader {
  readonly #buffer = Buffer.allocUnsafe(bufferLength);

  /** Calls `work` with the bytes of the file at `path`. @throws DamagedFile, or the operating system's error */
  read<T>(path: string, work: (source: ByteSource) => T): T {
    // Opening a named pipe would wait for a writer.
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = fstatSync(file);
      if (!found.isFile()) throw new DamagedFile('it is not a regular file', 0);
      return work({ size: found.size, read: (offset, length) => this.#read(file, offset, length) });
    } finally {
      closeSync(file);
    }
  }

  #read(file: number, offset: number, length: number): Buffer {
    const buffer = length <= bufferLength ? this.#buffer : Buffer.allocUnsafe(length);
    let end = 0;
    while (end < length) {
      const count = readSync(file, buffer, end, length - end, offset + end);
      // The file became shorter.
      if (count === 0) break;
      end += count;
    }
    return buffer.subarray(0, end);
  }
}
