import type { Clock } from '../../clock.js';
import { digestMetadata } from '../../meta/digest-metadata.js';
import type { MetaData } from '../../meta/records.js';
import type { NodeStorage } from './node-directory.js';

const folder = 'backups';
/** `time-reason-digest.db`; a file with another name is not a backup of this client, and is never deleted. */
const ours = /^\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z-([a-z-]+)-([0-9a-f]{12})\.db$/;

/** A backup, and the paths of older ones that were deleted for it. */
export interface Backup {
  readonly backup: string;
  readonly deletedBackups?: readonly string[];
}

/**
 * The backups of a node: one for each distinct metadata, up to a maximum number. The newest of each reason is always kept. Backups are
 * not deleted because of their age.
 */
export class Backups {
  readonly #storage: NodeStorage;
  readonly #clock: Clock;
  readonly #most: number;
  /** Backups of this process: the only known ones if the storage cannot list its files. */
  readonly #made = new Set<string>();

  constructor(storage: NodeStorage, { clock, most }: { clock: Clock; most: number }) {
    this.#storage = storage;
    this.#clock = clock;
    this.#most = most;
  }

  /** Backs up `snapshot`, which is `data` encoded, unless it is already backed up. */
  async keep(data: MetaData, snapshot: Uint8Array, reason: string): Promise<Backup> {
    const digest = digestMetadata(data).slice(0, 12);
    const names = await this.#names();
    const same = names.find((name) => ours.exec(name)?.[2] === digest);
    if (same !== undefined) return { backup: this.#pathOf(same) };
    const time = new Date(this.#clock.now()).toISOString().replaceAll(':', '');
    const name = `${time}-${reason}-${digest}.db`;
    await this.#storage.write(`${folder}/${name}`, snapshot);
    this.#made.add(name);
    const deleted = await this.#deleteOldest([...names, name]);
    const backup = this.#pathOf(name);
    return deleted.length === 0 ? { backup } : { backup, deletedBackups: deleted };
  }

  /** Oldest first. */
  async #names(): Promise<readonly string[]> {
    const listed = await this.#storage.list?.(folder);
    return [...(listed ?? this.#made)].filter((name) => ours.test(name)).sort();
  }

  async #deleteOldest(names: readonly string[]): Promise<readonly string[]> {
    const newest = new Map(names.map((name) => [ours.exec(name)?.[1], name]));
    const kept = new Set([...newest.values(), names.at(-1)]);
    let surplus = names.length - this.#most;
    const deleted: string[] = [];
    for (const name of names) {
      if (surplus <= 0) break;
      if (kept.has(name) || !(await this.#delete(name))) continue;
      surplus -= 1;
      deleted.push(this.#pathOf(name));
    }
    return deleted;
  }

  /** Resolves with whether the backup was deleted. A failure is not an error for the node. */
  async #delete(name: string): Promise<boolean> {
    if (this.#storage.remove === undefined) return false;
    try {
      await this.#storage.remove(`${folder}/${name}`);
    } catch {
      return false;
    }
    this.#made.delete(name);
    return true;
  }

  #pathOf(name: string): string {
    return this.#storage.pathOf(`${folder}/${name}`);
  }
}
