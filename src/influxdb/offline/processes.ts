import { readdir, readFile } from 'node:fs/promises';
import { systemCode } from '../../file-access.js';

/** Where Linux shows its processes. */
export const processRoot = '/proc';

/** Resolves with the ids of all other processes; `undefined` on a system without `/proc`. */
export async function otherProcesses(): Promise<readonly string[] | undefined> {
  try {
    const names = await readdir(processRoot);
    return names.filter((name) => /^[0-9]+$/.test(name) && name !== String(process.pid));
  } catch {
    return undefined;
  }
}

/** Resolves with the name of a process; `?` if it ended. */
export const nameOfProcess = (id: string): Promise<string> =>
  readFile(`${processRoot}/${id}/comm`, 'utf8').then(
    (text) => text.trim(),
    () => '?',
  );

/** Returns whether `error` means that the process belongs to another user. Any other error means that it ended. */
export const isForeign = (error: unknown): boolean =>
  systemCode(error) === 'EACCES' || systemCode(error) === 'EPERM';
