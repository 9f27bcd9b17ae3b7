import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  linkSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { CfluxError } from '../../../errors.js';
import { privateFile } from '../../../file-access.js';
import { damageOf } from './data-file/check-data-file.js';

type Lmdb = typeof import('lmdb');
type Root = RootDatabase<unknown, string>;

export const dataFile = 'data.mdb';

/** Name prefix of a directory in which a data file is created. */
const nurseryName = `${dataFile}.new-`;

/**
 * Opens the lmdb files in `dir`, and creates them if there are none. Only their owner can read them, because snapshots contain password
 * hashes.
 *
 * @param isAlone whether no other process uses the directory
 * @throws CfluxError `STORAGE_FAILED` if the data file is damaged; other errors unchanged.
 */
export async function openFiles(lmdb: Lmdb, dir: string, isAlone: boolean): Promise<Root> {
  const path = join(dir, dataFile);
  if (isAlone) removeNurseries(dir);
  if (!isThere(path)) await createDataFile(lmdb, dir, path);
  else {
    checkAccess(path);
    const damage = damageOf(path);
    if (damage !== undefined) throw damaged(path, damage);
  }
  const lockFile = join(dir, 'lock.mdb');
  closeSync(openSync(lockFile, 'a', privateFile));
  checkAccess(lockFile);
  for (const file of [path, lockFile]) makePrivate(file);
  return openIn(lmdb, dir);
}

/** Creates the error for a data file that cannot be used, with advice. */
export function damaged(path: string, damage: string, cause?: unknown): CfluxError {
  const advice =
    'restore it from a backup, or delete it if the nodes of its clusters still have their metadata: the manager collects it from them, but earlier versions are lost';
  return new CfluxError('STORAGE_FAILED', `cannot open ${path}: ${damage}; ${advice}`, { cause });
}

function openIn({ open }: Lmdb, dir: string): Root {
  const options = {
    path: dir,
    encoding: 'json' as const,
    // A commit is on disk when its promise resolves, and not visible before: seen with strace, fdatasync of the pages, then an O_DSYNC
    // write of the meta page. The default makes a version visible first and durable later.
    overlappingSync: false,
    maxDbs: 8,
    permissionsMode: privateFile,
    // lmdb would treat a directory with a dot in its name as a file.
    noSubdir: false,
  };
  return open(options);
}

/** The file appears atomically, so an empty or incomplete one is never the remains of an interrupted start. */
async function createDataFile(lmdb: Lmdb, dir: string, path: string): Promise<void> {
  const nursery = mkdtempSync(join(dir, nurseryName));
  try {
    await openIn(lmdb, nursery).close();
    linkSync(join(nursery, dataFile), path);
  } catch (error) {
    // Another process that shares the directory was first.
    if (!isThere(path)) throw error;
  } finally {
    rmSync(nursery, { recursive: true, force: true });
  }
}

/** Removes the directories of processes that were killed. */
function removeNurseries(dir: string): void {
  for (const name of readdirSync(dir)) {
    if (name.startsWith(nurseryName)) rmSync(join(dir, name), { recursive: true, force: true });
  }
}

/** lmdb's error for a file without permissions does not name the file. */
const checkAccess = (path: string) => accessSync(path, constants.R_OK | constants.W_OK);

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Version 0.1 left these files readable for all users. */
function makePrivate(path: string): void {
  const { mode } = statSync(path);
  if ((mode & 0o007) === 0) return;
  try {
    chmodSync(path, privateFile);
  } catch {
    // The file belongs to another user, who decides about it.
  }
}
