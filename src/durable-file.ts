import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { privateDirectory, privateFile, systemCode, takeAccess } from './file-access.js';

/** The ending of a temporary file, after the name of the file that it replaces. */
const suffix = /\.([0-9a-f]{16}\.)?tmp$/;

/**
 * Replaces the file at `path` atomically and durably: after a crash, the file is the old or the new one.
 * Creates a missing folder, accessible only to its owner. Rejects with the operating system's error; the old file is then
 * unchanged.
 *
 * @param mode Permissions of a new file. Default: only for its owner, because most of the files contain password hashes.
 */
export async function writeDurably(
  path: string,
  content: string | Uint8Array,
  mode = privateFile,
): Promise<void> {
  const folder = dirname(path);
  const replace = () => replaceFile(path, [Buffer.from(content)], mode);
  // The folder is rarely missing, and every request to the file system takes its time.
  await replace().catch(async (error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error;
    await mkdir(folder, { recursive: true, mode: privateDirectory });
    await replace();
  });
  // The rename is durable only then.
  await flushFolder(folder);
}

/** Makes the names of the files in `folder` durable. Rejects with the operating system's error. */
export async function flushFolder(folder: string): Promise<void> {
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Replaces the file at `path` by the concatenated `pieces`, without flushing the folder. */
export async function replaceFile(
  path: string,
  pieces: readonly Buffer[],
  mode = privateFile,
): Promise<void> {
  // A unique name, so that two writers never use one file, and an existing symbolic link is not followed.
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await takeAccess(file, path, mode);
      await writeAll(file, pieces);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // On a full disk, the leftover could make the next attempt fail.
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/**
 * Removes the temporary files that killed processes left in `folder`.
 *
 * @param isOwned Returns whether the caller is the only writer of the file with this name. Default: true for every file.
 */
export async function removeLeftovers(folder: string, isOwned = (_name: string) => true): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (!suffix.test(name) || !isOwned(name.replace(suffix, ''))) continue;
    await rm(join(folder, name), { force: true }).catch(() => {});
  }
}

async function writeAll(file: FileHandle, pieces: readonly Buffer[]): Promise<void> {
  let rest = pieces;
  while (rest.length > 0) {
    const { bytesWritten } = await file.writev(rest);
    rest = without(rest, bytesWritten);
  }
}

/** Returns the pieces without the first `count` bytes, because a write may be partial. */
function without(pieces: readonly Buffer[], count: number): readonly Buffer[] {
  let written = count;
  for (const [position, piece] of pieces.entries()) {
    if (written < piece.length) return [piece.subarray(written), ...pieces.slice(position + 1)];
    written -= piece.length;
  }
  return [];
}
