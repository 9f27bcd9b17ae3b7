import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

type FileHandle = Awaited<ReturnType<typeof open>>;

/**
 * Replaces the file at `path` as a whole and durably: whenever the machine stops, the file is the old one or the new one.
 * Makes the folder if it is missing. Rejects with the operating system's error, and then the old file is untouched.
 *
 * @param mode Who may read it, where the file is new. Default: what the process's umask leaves of 0o666.
 */
export async function writeDurably(path: string, content: string | Uint8Array, mode = 0o666): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = `${path}.tmp`;
  await withFile(temporary, 'w', mode, async (file) => {
    await file.writeFile(content);
    await file.sync();
  });
  await rename(temporary, path);
  // The rename itself is on disk only once the folder is.
  await withFile(folder, 'r', 0, (directory) => directory.sync());
}

async function withFile(
  path: string,
  flags: string,
  mode: number,
  use: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await open(path, flags, mode);
  try {
    await use(file);
  } finally {
    await file.close();
  }
}
