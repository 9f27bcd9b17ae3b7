import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DirectoryLock } from '../../directory-lock.js';
import { removeLeftovers, writeDurably } from '../../durable-file.js';
import { CfluxError } from '../../errors.js';
import { accessAdvice, systemCode } from '../../file-access.js';
import { recordName } from './node-record.js';

/** Storage for a node's record and backups; a custom one may replace the file system. */
export interface NodeStorage {
  /** Resolves with the text of `name`; `undefined` if it does not exist. */
  read(name: string): Promise<string | undefined>;
  /** Replaces `name` durably and atomically: after a crash it is the old or the new content. */
  write(name: string, content: string | Uint8Array): Promise<void>;
  /** Returns the location of `name`, for display. */
  pathOf(name: string): string;
  /** Called before the first read. May lock the storage, and rejects if another owner has it. Optional. */
  open?(): Promise<void>;
  /** Called after the last write, also if `open` rejected. Optional. */
  close?(): Promise<void>;
  /** Lists the files in `folder`; empty if it does not exist. If absent, the maximum number of backups applies to each process. */
  list?(folder: string): Promise<readonly string[]>;
  /** Deletes `name`. If absent, backups are never deleted. */
  remove?(name: string): Promise<void>;
}

const backups = 'backups';

/** A directory on disk, used by one client at a time. */
export class NodeDirectory implements NodeStorage {
  readonly #dir: string;
  readonly #isLocked: boolean;
  #lock: DirectoryLock | undefined;

  /** @param options.lock Whether to lock the directory. */
  constructor(dir: string, { lock }: { readonly lock: boolean }) {
    this.#dir = dir;
    this.#isLocked = lock;
  }

  /** @throws CfluxError `DIRECTORY_LOCKED`, `STORAGE_FAILED` */
  async open(): Promise<void> {
    if (!this.#isLocked || this.#lock !== undefined) return;
    this.#lock = await DirectoryLock.acquire(this.#dir, 'cflux', { create: true });
    await removeLeftovers(this.#dir, (name) => name === recordName);
    await removeLeftovers(join(this.#dir, backups));
  }

  async close(): Promise<void> {
    const lock = this.#lock;
    this.#lock = undefined;
    await lock?.release();
  }

  pathOf(name: string): string {
    return join(this.#dir, name);
  }

  async read(name: string): Promise<string | undefined> {
    try {
      return await readFile(this.pathOf(name), 'utf8');
    } catch (cause) {
      if (systemCode(cause) === 'ENOENT') return undefined;
      throw failed(`cannot read ${this.pathOf(name)}`, cause);
    }
  }

  async list(folder: string): Promise<readonly string[]> {
    try {
      return await readdir(this.pathOf(folder));
    } catch (cause) {
      if (systemCode(cause) === 'ENOENT') return [];
      throw failed(`cannot read ${this.pathOf(folder)}`, cause);
    }
  }

  async remove(name: string): Promise<void> {
    try {
      await rm(this.pathOf(name), { force: true });
    } catch (cause) {
      throw failed(`cannot remove ${this.pathOf(name)}`, cause);
    }
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    const path = this.pathOf(name);
    try {
      await writeDurably(path, content);
    } catch (cause) {
      throw failed(`cannot write ${path}`, cause);
    }
  }
}

function failed(what: string, cause: unknown): CfluxError {
  const reason = cause instanceof Error ? cause.message : cause;
  return new CfluxError('STORAGE_FAILED', `${what}: ${reason}${accessAdvice(cause)}`, { cause });
}
