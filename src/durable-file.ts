import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { privateDirectory, privateFile, takeAccess } from './file-access.js';

/** Of a temporary file, behind the name of the file that it is to replace. */
const suffix = /\.([0-9a-f]{16}\.)?tmp$/;

/**
 * Replaces the file at `path` as a whole and durably: whenever the machine stops, the file is the old one or the new one.
 * Creates the folder if it is missing, for its owner alone. Rejects with the operating system's error, and then the old file is
 * untouched.
 *
 * @param mode Permissions of a new file. Default: for its owner alone, because most of the files hold password hashes.
 */
export async function writeDurably(
  path: string,
  content: string | Uint8Array,
  mode = privateFile,
): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: privateDirectory });
  await replaceFile(path, [Buffer.from(content)], mode);
  // The rename itself is on disk only once the folder is.
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Replaces the file at `path` by `pieces`, one after the other; the folder is not flushed yet. */
export async function replaceFile(
  path: string,
  pieces: readonly Buffer[],
  mode = privateFile,
): Promise<void> {
  // A name of its own: two writers never write into one file, and a planted link is not followed.
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
    // On a full disk it would be in the way of the next attempt.
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/**
 * Removes the temporary files that killed processes left in `folder`.
 *
 * @param isOwned Whether the caller alone writes the file of this name. Default: it writes all of them.
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

/** The pieces without the first `count` bytes: the system need not take all at once. */
function without(pieces: readonly Buffer[], count: number): readonly Buffer[] {
  let written = count;
  for (const [position, piece] of pieces.entries()) {
    if (written < piece.length) return [piece.subarray(written), ...pieces.slice(position + 1)];
    written -= piece.length;
  }
  return [];
}
