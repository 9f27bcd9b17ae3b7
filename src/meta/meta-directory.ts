import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CfluxError, isCfluxError } from '../errors.js';
import { DirectoryLock } from './directory-lock.js';

function storageFailed(doing: string, cause: unknown): CfluxError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CfluxError('STORAGE_FAILED', `cannot ${doing}: ${reason}`, { cause, retryable: true });
}

/** The directory where a node keeps its metadata, in the file `meta.db`, as InfluxDB does. */
export class MetaDirectory {
  /** Of the file with the metadata. */
  readonly path: string;
  private readonly temporary: string;

  private constructor(
    directory: string,
    private readonly handle: FileHandle,
    private readonly lock: DirectoryLock | undefined,
  ) {
    this.path = join(directory, 'meta.db');
    // InfluxDB's name for it, too: what a crash left of either is overwritten by the other.
    this.temporary = join(directory, 'meta.dbtmp');
  }

  /**
   * @param options.lock Whether to keep others off.
   * @throws CfluxError `STORAGE_FAILED`, `DIRECTORY_LOCKED`
   */
  static async open(directory: string, { lock }: { readonly lock: boolean }): Promise<MetaDirectory> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(directory, 'r');
      return new MetaDirectory(directory, handle, lock ? await DirectoryLock.acquire(directory) : undefined);
    } catch (error) {
      await handle?.close();
      throw isCfluxError(error) ? error : storageFailed(`open ${directory}`, error);
    }
  }

  /** The file's content; nothing if there is no file. */
  async read(): Promise<Buffer | undefined> {
    try {
      return await readFile(this.path);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw storageFailed(`read ${this.path}`, error);
    }
  }

  /**
   * Replaces the file by `pieces`, one after the other, durably: whenever the machine stops, it is the old one or the new one.
   *
   * @throws CfluxError `STORAGE_FAILED`, and then the file is the old one; with the outcome `unknown`, it is the new one, but may
   *   be the old one again after a power failure.
   */
  async write(pieces: readonly Buffer[]): Promise<void> {
    try {
      await writeSynced(this.temporary, pieces);
      await rename(this.temporary, this.path);
    } catch (error) {
      // On a full disk it would be in the way of the next attempt.
      await rm(this.temporary, { force: true }).catch(() => {});
      throw storageFailed(`write ${this.path}`, error);
    }
    try {
      await this.handle.sync();
    } catch (cause) {
      const message = `cannot tell whether ${this.path} is on disk: ${String(cause)}`;
      throw new CfluxError('STORAGE_FAILED', message, { cause, retryable: true, outcome: 'unknown' });
    }
  }

  async close(): Promise<void> {
    await this.lock?.release();
    await this.handle.close();
  }
}

async function writeSynced(path: string, pieces: readonly Buffer[]): Promise<void> {
  const file = await open(path, 'w');
  try {
    let rest = pieces;
    while (rest.length > 0) {
      const { bytesWritten } = await file.writev(rest);
      rest = without(rest, bytesWritten);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The pieces without the first `count` bytes: the system need not take all at once. */
function without(pieces: readonly Buffer[], count: number): readonly Buffer[] {
  let written = count;
  for (const [position, piece] of pieces.entries()) {
    if (written < piece.length) return [piece.subarray(written), ...pieces.slice(position + 1)];
    written -= piece.length;
  }
  return [];
}
