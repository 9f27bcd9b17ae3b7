import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Returns a name for the present state of files and of everything in folders, by their sizes and times: a change of any gives another. */
export async function stateOfFiles(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) await addTo(hash, join(root, path));
  return hash.digest('hex').slice(0, 16);
}

async function addTo(hash: ReturnType<typeof createHash>, path: string): Promise<void> {
  // A temporary file may be gone by now.
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    hash.update(`${path} ${found?.size} ${found?.mtimeMs}\n`);
    return;
  }
  for (const name of (await readdir(path)).toSorted()) await addTo(hash, join(path, name));
}
