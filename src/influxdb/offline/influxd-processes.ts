import { readFile, readlink, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { isJsonObject } from '../../json-object.js';
import { parseToml } from '../../toml.js';
import { nameOfProcess, otherProcesses, processRoot } from './processes.js';
import type { Directory, ServerUse } from './use-evidence.js';

/** The directories in a configuration, and the variables that have precedence over them. */
const settings = [
  ['meta', 'dir', 'INFLUXDB_META_DIR'],
  ['data', 'dir', 'INFLUXDB_DATA_DIR'],
  ['data', 'wal-dir', 'INFLUXDB_DATA_WAL_DIR'],
] as const;

/** Where `influxd` looks for its configuration if nothing names it. */
const usualFile = '/etc/influxdb/influxdb.conf';

/** Finds processes of `influxd` that use one of `directories` by their configuration. */
export async function findInfluxd(directories: readonly Directory[]): Promise<ServerUse> {
  const evidence: string[] = [];
  const unchecked: string[] = [];
  for (const id of (await otherProcesses()) ?? []) {
    if ((await nameOfProcess(id)) !== 'influxd') continue;
    try {
      const used = await directoriesOf(id);
      const same = used.find(({ device, inode }) =>
        directories.some((directory) => directory.device === device && directory.inode === inode),
      );
      if (same !== undefined) evidence.push(`process ${id} (influxd) uses ${same.path}`);
    } catch {
      unchecked.push(`process ${id} (influxd): its directories are unknown`);
    }
  }
  return { evidence, unchecked };
}

/** Resolves with the directories that the `influxd` with this id uses; rejects if they are unknown. */
async function directoriesOf(id: string): Promise<readonly Directory[]> {
  // Its paths may be those of a container.
  const inside = (path: string) => join(processRoot, id, 'root', path);
  const folder = await readlink(join(processRoot, id, 'cwd'));
  const absolute = (path: string) => (isAbsolute(path) ? path : join(folder, path));
  const variables = await environmentOf(id);
  const named = configurationIn(await wordsIn(id, 'cmdline')) ?? variables.get('INFLUXDB_CONFIG_PATH');
  const file = absolute(named ?? usualFile);
  const configuration = parseToml(await readFile(inside(file), 'utf8'));
  const found: Directory[] = [];
  for (const [section, name, variable] of settings) {
    const table = configuration[section];
    const path = variables.get(variable) || (isJsonObject(table) ? table[name] : undefined);
    if (typeof path !== 'string' || path === '') continue;
    const directory = await stat(inside(absolute(path))).catch(() => undefined);
    if (directory !== undefined) found.push({ path, device: directory.dev, inode: directory.ino });
  }
  return found;
}

function configurationIn(words: readonly string[]): string | undefined {
  for (const [at, word] of words.entries()) {
    const [, name, value] = /^--?(config)(?:=(.*))?$/.exec(word) ?? [];
    if (name !== undefined) return value ?? words[at + 1];
  }
  return undefined;
}

async function environmentOf(id: string): Promise<ReadonlyMap<string, string>> {
  const words = await wordsIn(id, 'environ');
  return new Map(
    words.map((word) => {
      const [name = '', ...value] = word.split('=');
      return [name, value.join('=')];
    }),
  );
}

const wordsIn = async (id: string, file: string): Promise<readonly string[]> =>
  (await readFile(join(processRoot, id, file), 'utf8')).split('\0');
