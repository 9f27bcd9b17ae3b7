import { access, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CfluxError } from '../../errors.js';
import { metaFileName } from '../../meta/meta-directory.js';

/**
 * Checks that `--data` is not a directory of InfluxDB, whose files an agent must not mix with its own.
 *
 * @throws CfluxError `INVALID_OPTION` if it is, or is inside of, a directory with a `meta.db`, or is the directory above InfluxDB's `meta`
 */
export async function expectOwnDirectory(dir: string): Promise<void> {
  const path = await realPathOf(resolve(dir));
  const found = await metadataAround(path);
  if (found === undefined) return;
  throw new CfluxError(
    'INVALID_OPTION',
    `--data ${dir}: ${found} is the metadata of an InfluxDB server or of another agent; use a directory of its own, such as /var/lib/cflux`,
  );
}

async function metadataAround(path: string): Promise<string | undefined> {
  for (let directory = path; ; directory = dirname(directory)) {
    const file = join(directory, metaFileName);
    if (await exists(file)) return file;
    if (directory === dirname(directory)) break;
  }
  const below = join(path, 'meta', metaFileName);
  return (await exists(below)) ? below : undefined;
}

/** Resolves links, also those above a directory that does not exist yet. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await realPathOf(parent), path.slice(parent.length));
  }
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
