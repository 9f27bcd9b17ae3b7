import { randomBytes } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { copyFile, link, lstat, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { flushFolder } from '../../durable-file.js';
import { CfluxError } from '../../errors.js';
import { accessAdvice, systemCode } from '../../file-access.js';
import { decodeMetadata } from '../../meta/codec/decode-metadata.js';
import { metaFileName } from '../../meta/meta-directory.js';
import type { MetaData } from '../../meta/records.js';

/** The `meta.db` of a stopped server, as it was read. */
export interface MetaFile {
  readonly path: string;
  /** `damaged` is a file that InfluxDB would not read either. */
  readonly state: 'absent' | 'empty' | 'damaged' | 'whole';
  /** The content of a whole file. */
  readonly metadata?: MetaData;
  /** Why a damaged file cannot be read. */
  readonly reason?: string;
  /** What identifies the file and its content; absent with the file. */
  readonly identity?: string;
}

/**
 * Reads the `meta.db` in `directory`, the `dir` of `[meta]` in influxdb.conf; the path of the file itself is accepted too.
 *
 * @throws CfluxError `INVALID_OPTION` if the directory does not exist, `STORAGE_FAILED` if it cannot be read
 */
export async function readMetaFile(directory: string): Promise<MetaFile> {
  const path = await pathIn(directory);
  try {
    const identity = identityOf(await stat(path, { bigint: true }));
    const bytes = await readFile(path);
    if (bytes.length === 0) return { path, state: 'empty', identity };
    try {
      return { path, state: 'whole', identity, metadata: decodeMetadata(bytes) };
    } catch (error) {
      return { path, state: 'damaged', identity, reason: CfluxError.from(error).message };
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { path, state: 'absent' };
    throw storageFailed(`read ${path}`, error);
  }
}

async function pathIn(directory: string): Promise<string> {
  try {
    if ((await stat(directory)).isDirectory()) return join(directory, metaFileName);
  } catch (cause) {
    throw notDirectory(CfluxError.from(cause).message, cause);
  }
  if (basename(directory) === metaFileName) return directory;
  throw notDirectory(`${directory} is not a directory`);
}

const notDirectory = (reason: string, cause?: unknown) =>
  new CfluxError(
    'INVALID_OPTION',
    `meta: ${reason}; name the dir of [meta] in influxdb.conf, such as /var/lib/influxdb/meta, or create it for the user of InfluxDB`,
    { cause },
  );

/**
 * Replaces a `meta.db` atomically and durably. The new file has the owner, the group and the permissions of the one before, or those of
 * its directory; the one before is kept beside it.
 *
 * @param check Called right before the file is replaced; if it rejects, nothing was changed.
 * @returns the path of the backup; `undefined` if there was no file
 * @throws CfluxError `STORAGE_FAILED`: nothing was changed
 */
export async function replaceMetaFile(
  file: MetaFile,
  bytes: Uint8Array,
  { check, now }: { readonly check: () => Promise<void>; readonly now: Date },
): Promise<string | undefined> {
  const temporary = `${file.path}.${randomBytes(8).toString('hex')}.tmp`;
  let backup: string | undefined;
  try {
    await writeTemporary(temporary, file.path, bytes);
    await check();
    await expectUnchanged(file);
    if (file.state !== 'absent') backup = await keep(file.path, now);
    await rename(temporary, file.path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    if (backup !== undefined) await rm(backup, { force: true }).catch(() => {});
    throw error instanceof CfluxError ? error : storageFailed(`write ${file.path}`, error);
  }
  await flushFolder(dirname(file.path));
  return backup;
}

async function writeTemporary(temporary: string, path: string, bytes: Uint8Array): Promise<void> {
  const before = await stat(path).catch(() => undefined);
  const access = before ?? (await stat(dirname(path)));
  // A directory has permissions to enter it, which a file does not need.
  const mode = access.mode & (before === undefined ? 0o666 : 0o777);
  const file = await open(temporary, 'wx', 0o600);
  try {
    await giveTo(file, access, path);
    await file.chmod(mode);
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** InfluxDB does not start if it cannot read its file, so another owner is an error. */
async function giveTo(
  file: Awaited<ReturnType<typeof open>>,
  { uid, gid }: { readonly uid: number; readonly gid: number },
  path: string,
): Promise<void> {
  const own = await file.stat();
  if (own.uid === uid && own.gid === gid) return;
  try {
    await file.chown(uid, gid);
  } catch (cause) {
    throw new CfluxError(
      'STORAGE_FAILED',
      `cannot write ${path}: it must belong to user ${uid} and group ${gid}, as before; run this command as root or as that user`,
      { cause },
    );
  }
}

async function expectUnchanged(file: MetaFile): Promise<void> {
  const now = await stat(file.path, { bigint: true }).then(identityOf, () => undefined);
  if (now === file.identity) return;
  throw new CfluxError(
    'STORAGE_FAILED',
    `cannot write ${file.path}: another process changed it meanwhile; stop InfluxDB and retry`,
  );
}

/** Keeps the file at `path` under another name, by a link: the backup is the file itself, with its owner and permissions. */
async function keep(path: string, now: Date): Promise<string> {
  const time = now.toISOString().replaceAll(':', '');
  const isLink = (await lstat(path)).isSymbolicLink();
  for (let count = 1; ; count++) {
    const backup = `${path}.${time}${count === 1 ? '' : `-${count}`}.bak`;
    try {
      if (isLink) await copyFile(path, backup, constants.COPYFILE_EXCL);
      else await link(path, backup);
      return backup;
    } catch (error) {
      if (systemCode(error) === 'EEXIST') continue;
      if (isLink || !linkless.has(String(systemCode(error)))) throw error;
      await copyFile(path, backup, constants.COPYFILE_EXCL);
      return backup;
    }
  }
}

/** Errors of file systems without links. */
const linkless = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

const identityOf = ({ dev, ino, size, mtimeNs }: BigIntStats) => [dev, ino, size, mtimeNs].join(' ');

function storageFailed(doing: string, cause: unknown): CfluxError {
  return new CfluxError(
    'STORAGE_FAILED',
    `cannot ${doing}: ${CfluxError.from(cause).message}${accessAdvice(cause)}`,
    { cause },
  );
}
