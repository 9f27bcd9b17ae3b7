import { type FileHandle, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Permissions of files that hold password hashes. */
export const privateFile = 0o600;

/** Permissions of directories that hold such files. */
export const privateDirectory = 0o700;

const others = 0o007;

/** What to do about a file or directory that the operating system does not let this process use, for the end of a message. */
export function accessAdvice(error: unknown): string {
  switch (error instanceof Error && 'code' in error ? error.code : undefined) {
    case 'EACCES':
    case 'EPERM':
      return `; give ${user()} read and write access to the directory and its files`;
    case 'EROFS':
      return '; mount the file system for writing, or use another directory';
    default:
      return '';
  }
}

const user = () => {
  const id = process.getuid?.();
  return id === undefined ? 'the user of this process' : `the user of this process (id ${id})`;
};

/**
 * Gives a new `file` the owner and the permissions with which it may take the place of the one at `path`.
 *
 * The owner stays: a `meta.db` that root rewrites must stay readable for InfluxDB. A new file gets the owner of its directory. So do
 * permissions that exclude other users, because somebody chose them; those that do not come from a umask, and become `mode`.
 */
export async function takeAccess(file: FileHandle, path: string, mode: number): Promise<void> {
  const replaced = await stat(path).catch(() => undefined);
  const { uid, gid } = replaced ?? (await stat(dirname(path)));
  const keepsOwner = await giveTo(file, uid, gid);
  if (replaced === undefined) return;
  // Only root may give files away. For the previous owner to read it, the permissions have to stay then.
  const isChosen = !keepsOwner || (replaced.mode & others) === 0;
  await file.chmod(isChosen ? replaced.mode & 0o777 : mode);
}

/** Whether the file has that owner now. */
async function giveTo(file: FileHandle, uid: number, gid: number): Promise<boolean> {
  const own = await file.stat();
  if (own.uid === uid && own.gid === gid) return true;
  try {
    await file.chown(uid, gid);
    return true;
  } catch {
    return own.uid === uid;
  }
}
