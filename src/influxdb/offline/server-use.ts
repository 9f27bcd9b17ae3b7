import { realpath, stat } from 'node:fs/promises';
import { CfluxError } from '../../errors.js';
import { findInfluxd } from './influxd-processes.js';
import { listeners } from './listeners.js';
import { openFilesBelow } from './open-files.js';
import type { Directory, ServerUse } from './use-evidence.js';

/** The parts of a server that must not run. */
export interface ServerParts {
  /** The directories of its metadata, data and write-ahead logs. */
  readonly directories: readonly string[];
  /** `host:port` of its HTTP and snapshot services. */
  readonly addresses: readonly string[];
}

/**
 * Looks for the process of a server: connects to its ports, and searches `/proc` for open files below its directories and for an `influxd`
 * whose configuration names one of them. (An `influxd` without databases has no file open there.)
 */
export async function serverUse({ directories, addresses }: ServerParts): Promise<ServerUse> {
  const { existing, unchecked } = await existingOf(directories);
  const found = await Promise.all([listeners(addresses), openFilesBelow(existing), findInfluxd(existing)]);
  return {
    evidence: found.flatMap(({ evidence }) => evidence),
    unchecked: [...unchecked, ...found.flatMap((each) => each.unchecked)],
  };
}

/**
 * Resolves with what could not be checked.
 *
 * @throws CfluxError `SERVER_RUNNING` if anything shows that the server runs
 */
export async function expectStopped(server: ServerParts): Promise<readonly string[]> {
  const { evidence, unchecked } = await serverUse(server);
  if (evidence.length === 0) return unchecked;
  throw new CfluxError(
    'SERVER_RUNNING',
    `the server runs: ${evidence.join('; ')}; nothing was changed: stop InfluxDB, or name the addresses of this server with --influxdb and --snapshot`,
  );
}

async function existingOf(
  directories: readonly string[],
): Promise<{ readonly existing: readonly Directory[]; readonly unchecked: readonly string[] }> {
  const existing: Directory[] = [];
  const unchecked: string[] = [];
  for (const directory of directories) {
    try {
      const path = await realpath(directory);
      const { dev: device, ino: inode } = await stat(path);
      existing.push({ path, device, inode });
    } catch (error) {
      unchecked.push(`open files below ${directory}: ${CfluxError.from(error).message}`);
    }
  }
  return { existing, unchecked };
}
