import { readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isForeign, nameOfProcess, otherProcesses, processRoot } from './processes.js';
import type { Directory, ServerUse } from './use-evidence.js';

/** Maximum number of open files in a message. */
const maxShown = 3;

/** Files that a server has open: in a container their paths differ, and then their numbers are compared. */
const ofServer = /\.(tsm|wal|tsl|tsi)$|\/_series\//;

/** Finds processes that have files below `directories` open. */
export async function openFilesBelow(directories: readonly Directory[]): Promise<ServerUse> {
  const processes = await otherProcesses();
  if (processes === undefined) return { evidence: [], unchecked: ['open files: this system has no /proc'] };
  const search = new Search(directories);
  for (const id of processes) await search.look(id);
  return search.result();
}

class Search {
  readonly #directories: readonly Directory[];
  readonly #open: string[] = [];
  #foreign = 0;
  /** The numbers of all files below the directories, collected when they are needed. */
  #numbers: Promise<ReadonlySet<string>> | undefined;

  constructor(directories: readonly Directory[]) {
    this.#directories = directories;
  }

  async look(id: string): Promise<void> {
    const folder = `${processRoot}/${id}/fd`;
    let names: readonly string[];
    try {
      names = await readdir(folder);
    } catch (error) {
      if (isForeign(error)) this.#foreign += 1;
      return;
    }
    for (const name of names) {
      const path = await readlink(join(folder, name)).catch(() => '');
      if (!path.startsWith('/') || !(await this.#isBelow(path, join(folder, name)))) continue;
      this.#open.push(`process ${id} (${await nameOfProcess(id)}) has ${path} open`);
      return;
    }
  }

  result(): ServerUse {
    const more = this.#open.length - maxShown;
    return {
      evidence: [...this.#open.slice(0, maxShown), ...(more > 0 ? [`${more} more processes`] : [])],
      unchecked:
        this.#foreign === 0
          ? []
          : [
              `open files of ${this.#foreign} processes of other users; run this command as root to include them`,
            ],
    };
  }

  async #isBelow(path: string, descriptor: string): Promise<boolean> {
    if (this.#directories.some((directory) => path.startsWith(`${directory.path}/`))) return true;
    if (!ofServer.test(path)) return false;
    const found = await stat(descriptor).catch(() => undefined);
    if (found === undefined) return false;
    this.#numbers ??= numbersBelow(this.#directories.map((directory) => directory.path));
    return (await this.#numbers).has(numberOf(found));
  }
}

const numberOf = ({ dev, ino }: { readonly dev: number; readonly ino: number }) => `${dev} ${ino}`;

async function numbersBelow(folders: readonly string[]): Promise<ReadonlySet<string>> {
  const numbers = new Set<string>();
  const rest = [...folders];
  for (let folder = rest.pop(); folder !== undefined; folder = rest.pop()) {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) rest.push(path);
      else if (entry.isFile()) {
        const found = await stat(path).catch(() => undefined);
        if (found !== undefined) numbers.add(numberOf(found));
      }
    }
  }
  return numbers;
}
