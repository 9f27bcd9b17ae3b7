import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DirectoryLock } from '../directory-lock.js';
import { removeLeftovers, replaceFile } from '../durable-file.js';
import { CfluxError, isCfluxError } from '../errors.js';
import { accessAdvice, systemCode } from '../file-access.js';

/** The file of InfluxDB's metadata. */
export const metaFileName = 'meta.db';
/** InfluxDB, and version 0.1, write to this file before they rename it. */
const temporaryOfInfluxdb = 'meta.dbtmp';

function storageFailed(doing: string, cause: unknown): CfluxError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CfluxError('STORAGE_FAILED', `cannot ${doing}: ${reason}${accessAdvice(cause)}`, {
    cause,
    retryable: true,
  });
}

/** The directory in which a node keeps its metadata, in the file `meta.db`, as InfluxDB does. */
export class MetaDirectory {
  /** Path of the file with the metadata. */
  readonly path: string;

  private constructor(
    directory: string,
    private readonly handle: FileHandle,
    private readonly lock: DirectoryLock | undefined,
  ) {
    this.path = join(directory, metaFileName);
  }

  /**
   * @param options.lock whether to lock the directory against other processes
   * @throws CfluxError `STORAGE_FAILED`, `DIRECTORY_LOCKED`
   */
  static async open(directory: string, { lock }: { readonly lock: boolean }): Promise<MetaDirectory> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(directory, 'r');
      const held = lock ? await DirectoryLock.acquire(directory, 'meta') : undefined;
      if (held !== undefined) {
        await removeLeftovers(directory, (name) => name === metaFileName);
        await rm(join(directory, temporaryOfInfluxdb), { force: true }).catch(() => {});
      }
      return new MetaDirectory(directory, handle, held);
    } catch (error) {
      await handle?.close();
      throw isCfluxError(error) ? error : storageFailed(`open ${directory}`, error);
    }
  }

  /** Reads the file; undefined if it does not exist. */
  async read(): Promise<Buffer | undefined> {
    try {
      return await readFile(this.path);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw storageFailed(`read ${this.path}`, error);
    }
  }

  /**
   * Replaces the file by the concatenated `pieces`, durably: if the machine stops at any time, the file is the old one or the new one.
   *
   * @throws CfluxError `STORAGE_FAILED`: the file is the old one; with the outcome `unknown` it is the new one, but may be the old one
   * again after a power failure.
   */
  async write(pieces: readonly Buffer[]): Promise<void> {
    try {
      await replaceFile(this.path, pieces);
    } catch (error) {
      throw storageFailed(`write ${this.path}`, error);
    }
    try {
      await this.handle.sync();
    } catch (cause) {
      const message = `cannot flush the directory of ${this.path}: ${String(cause)}; the file may be lost in a power failure`;
      throw new CfluxError('STORAGE_FAILED', message, { cause, retryable: true, outcome: 'unknown' });
    }
  }

  async close(): Promise<void> {
    await this.lock?.release();
    await this.handle.close();
  }
}
