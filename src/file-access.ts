import type { Stats } from 'node:fs';
import { type FileHandle, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Permissions of files that hold password hashes. */
export const privateFile = 0o600;

/** Permissions of directories that hold such files. */
export const privateDirectory = 0o700;

const others = 0o007;

/** Returns the code of a system error, such as `ENOENT`; `undefined` for any other value. */
export const systemCode = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

/** Returns the end of a message with what to do about a file or directory that this process cannot access. */
export function accessAdvice(error: unknown): string {
  switch (systemCode(error)) {
    case 'EACCES':
    case 'EPERM':
      return `; give ${user()} read and write access to the directory and its files`;
    case 'EROFS':
      return '; mount the file system for writing, or use another directory';
    default:
      return '';
  }
}

/** As {@link accessAdvice}, for a file that is only read. */
export function fileAdvice(error: unknown): string {
  switch (systemCode(error)) {
    case 'EACCES':
    case 'EPERM':
      return `; give ${user()} read access to the file and access to its directory`;
    case 'EISDIR':
      return '; this is a directory: name a file in it';
    default:
      return '';
  }
}

const user = () => {
  const id = process.getuid?.();
  return id === undefined ? 'the user of this process' : `the user of this process (id ${id})`;
};

/**
 * Sets the owner and permissions of a new `file` that replaces the one at `path`.
 *
 * The owner is kept, because a `meta.db` that root rewrites must stay readable for InfluxDB. A file without a predecessor gets the
 * owner of its directory. Permissions that exclude other users are kept, because they were chosen; others come from a umask and are
 * replaced by `mode`.
 */
export async function takeAccess(file: FileHandle, path: string, mode: number): Promise<void> {
  const replaced = await stat(path).catch(() => undefined);
  const { uid, gid } = replaced ?? (await stat(dirname(path)));
  const own = await file.stat();
  const keepsOwner = await giveTo(file, own, { uid, gid });
  if (replaced === undefined) return;
  // Only root can change the owner. Otherwise keep the permissions, so that the previous owner can still read the file.
  const isChosen = !keepsOwner || (replaced.mode & others) === 0;
  const wanted = isChosen ? replaced.mode & 0o777 : mode;
  if ((own.mode & 0o777) !== wanted) await file.chmod(wanted);
}

type Owner = Pick<Stats, 'uid' | 'gid'>;

/** Changes the owner from `own`. Resolves with whether the file has the new owner now. */
async function giveTo(file: FileHandle, own: Owner, { uid, gid }: Owner): Promise<boolean> {
  if (own.uid === uid && own.gid === gid) return true;
  try {
    await file.chown(uid, gid);
    return true;
  } catch {
    return own.uid === uid;
  }
}
