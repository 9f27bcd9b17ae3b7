import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../durable-file.js';
import { CfluxError } from '../errors.js';

/** Where a node keeps its record and its backups; a place of one's own may take the file system's. */
export interface NodeStorage {
  /** The text of `name`, or `undefined` where there is none. */
  read(name: string): Promise<string | undefined>;
  /** Replaces `name`, durably and as a whole: after a crash it is the old or the new. */
  write(name: string, content: string | Uint8Array): Promise<void>;
  /** How people find `name`. */
  pathOf(name: string): string;
  /** The names of the files in `folder`; none if there is no such folder. Absent: the limit of backups holds for each process only. */
  list?(folder: string): Promise<readonly string[]>;
  /** Deletes `name`. Absent: backups are never deleted. */
  remove?(name: string): Promise<void>;
}

/** A directory on disk. */
export class NodeDirectory implements NodeStorage {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  pathOf(name: string): string {
    return join(this.#dir, name);
  }

  async read(name: string): Promise<string | undefined> {
    try {
      return await readFile(this.pathOf(name), 'utf8');
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return undefined;
      throw failed(`cannot read ${this.pathOf(name)}`, cause);
    }
  }

  async list(folder: string): Promise<readonly string[]> {
    try {
      return await readdir(this.pathOf(folder));
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return [];
      throw failed(`cannot read ${this.pathOf(folder)}`, cause);
    }
  }

  async remove(name: string): Promise<void> {
    await rm(this.pathOf(name), { force: true });
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    const path = this.pathOf(name);
    try {
      // Backups hold password hashes.
      await writeDurably(path, content, 0o600);
    } catch (cause) {
      throw failed(`cannot write ${path}`, cause);
    }
  }
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : undefined);

function failed(what: string, cause: unknown): CfluxError {
  return new CfluxError('STORAGE_FAILED', `${what}: ${cause instanceof Error ? cause.message : cause}`, {
    cause,
  });
}
