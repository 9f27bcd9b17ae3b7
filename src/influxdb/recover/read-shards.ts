import { isUtf8 } from 'node:buffer';
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { CfluxError } from '../../errors.js';
import { accessAdvice, systemCode } from '../../file-access.js';
import { type TimeRange, union } from '../../tsm/time-range.js';
import { rangeOfTsm } from '../../tsm/tsm-file.js';
import { readWalSegment } from '../../tsm/wal-segment.js';
import { FileReader } from '../offline/file-source.js';
import { shardKey } from '../read/unknown-shards.js';
import type { DiskContent, DiskShard, SkippedPath } from './shards-on-disk.js';

/** The series file of a database, beside its policies. */
const seriesFile = '_series';
/** A shard's directory is its id. */
const shardName = /^[1-9][0-9]{0,19}$/;
/** The id after the last one would be 0. */
const maxShard = 2n ** 64n - 2n;
const tsmName = /^[^.].*\.tsm$/;
const walName = /^_.*\.wal$/;
/** Shards that are read before other work of the process has a turn. */
const shardsInTurn = 32;

/**
 * Reads the shards below the directories of a server's data and write-ahead logs: only directories, the indexes of TSM files and the
 * segments of write-ahead logs, and nothing is written.
 *
 * @throws CfluxError `INVALID_OPTION` if `data` or `wal` is not a directory, `STORAGE_FAILED` if something may not be read
 */
export async function readShards(data: string, wal: string, signal?: AbortSignal): Promise<DiskContent> {
  expectDirectory('data', data);
  // Without it, shards whose points are only in the logs would seem to have none.
  expectDirectory('wal', wal);
  const reader = new ShardReader(data, wal);
  let count = 0;
  for (const place of reader.places()) {
    reader.read(place);
    count += 1;
    if (count % shardsInTurn !== 0) continue;
    signal?.throwIfAborted();
    await setImmediate();
  }
  return reader;
}

/** Lists the shards below the data of a server by their keys, without reading files; none without a directory. */
export function listShards(data: string): readonly string[] {
  return Array.from(new ShardReader(data).places(), keyOf);
}

function expectDirectory(option: 'data' | 'wal', path: string): void {
  try {
    if (statSync(path).isDirectory()) return;
  } catch (cause) {
    throw notDirectory(option, CfluxError.from(cause).message, cause);
  }
  throw notDirectory(option, `${path} is not a directory`);
}

const settings = { data: 'dir', wal: 'wal-dir' } as const;

const notDirectory = (option: 'data' | 'wal', reason: string, cause?: unknown) =>
  new CfluxError(
    'INVALID_OPTION',
    `${option}: ${reason}; name the ${settings[option]} of [data] in influxdb.conf, such as /var/lib/influxdb/${option}`,
    { cause },
  );

/** What a file contributes, and why it is not used, entirely or from some position on. */
interface Content {
  readonly range: TimeRange | undefined;
  readonly damage: Error | undefined;
}

/** A shard and the trees in which it has a directory. */
interface Place {
  readonly database: string;
  readonly policy: string;
  readonly name: string;
  /** Its directory below those of the data and of the write-ahead logs. */
  readonly part: string;
  readonly isInData: boolean;
  readonly isInWal: boolean;
}

class ShardReader implements DiskContent {
  readonly shards: DiskShard[] = [];
  readonly policies = new Map<string, Set<string>>();
  readonly skipped: SkippedPath[] = [];
  readonly #files = new FileReader();

  constructor(
    private readonly data: string,
    private readonly wal?: string,
  ) {}

  /** Yields the shards below the data, and then those of which only a write-ahead log is on disk. */
  *places(): Generator<Place> {
    const inWal = new Map<string, Place>();
    if (this.wal !== undefined) {
      for (const place of this.#tree(this.wal))
        inWal.set(keyOf(place), { ...place, isInData: false, isInWal: true });
    }
    for (const place of this.#tree(this.data, this.policies))
      yield { ...place, isInData: true, isInWal: inWal.size > 0 && inWal.delete(keyOf(place)) };
    yield* inWal.values();
  }

  *#tree(
    root: string,
    policies = new Map<string, Set<string>>(),
  ): Generator<Omit<Place, 'isInData' | 'isInWal'>> {
    for (const database of this.#directories(root)) {
      const found = new Set<string>();
      policies.set(database, found);
      for (const policy of this.#directories(join(root, database))) {
        found.add(policy);
        const part = join(database, policy);
        for (const name of this.#shardNames(join(root, part)))
          yield { database, policy, name, part: `${part}${sep}${name}` };
      }
    }
  }

  read({ database, policy, name, part, isInData, isInWal }: Place): void {
    const known = this.skipped.length;
    let range: TimeRange | undefined;
    if (isInData) range = this.#rangeOf(join(this.data, part), tsmName, this.#readTsm);
    if (isInWal && this.wal !== undefined)
      range = union(range, this.#rangeOf(join(this.wal, part), walName, this.#readWal));
    const isUnreadable = range === undefined && this.skipped.length > known;
    // A log without any point, and no data: the shard never existed for the server.
    if (!isInData && range === undefined && !isUnreadable) return;
    this.shards.push({ id: BigInt(name), database, policy, range, isUnreadable, isOnlyInWal: !isInData });
  }

  /** Returns the times of the points in the files of `folder`, and notes the damaged ones. */
  #rangeOf(folder: string, isPart: RegExp, read: (path: string) => Content): TimeRange | undefined {
    let range: TimeRange | undefined;
    for (const file of names(folder)) {
      if (!isPart.test(file)) continue;
      // Names need no normalization, which would cost as much as a request to the file system.
      const path = `${folder}${sep}${file}`;
      const content = this.#content(path, read);
      range = union(range, content.range);
      if (content.damage !== undefined) this.#skip(path, content.damage.message);
    }
    return range;
  }

  #content(path: string, read: (path: string) => Content): Content {
    try {
      return read(path);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      // Other files will be like one that this user may not read.
      if (systemCode(error) === 'EACCES' || systemCode(error) === 'EPERM') throw cannotRead(path, error);
      return { range: undefined, damage: error };
    }
  }

  readonly #readTsm = (path: string): Content => ({
    range: this.#files.read(path, rangeOfTsm),
    damage: undefined,
  });

  /** The points before the damage count, as for the server. */
  readonly #readWal = (path: string): Content => this.#files.read(path, readWalSegment);

  /** Returns the names of directories that may be databases or policies. */
  #directories(folder: string): string[] {
    return this.#entries(folder).flatMap((entry) => {
      if (entry.name === seriesFile) return [];
      if (entry.kind === 'directory') return [entry.name];
      if (entry.kind === 'link')
        this.#skip(join(folder, entry.name), 'InfluxDB does not follow symbolic links here');
      return [];
    });
  }

  #shardNames(folder: string): string[] {
    return this.#entries(folder).flatMap(({ name, kind }) => {
      if (kind === 'file' || name === seriesFile) return [];
      if (shardName.test(name) && BigInt(name) <= maxShard) return [name];
      this.#skip(join(folder, name), 'its name is not the id of a shard');
      return [];
    });
  }

  #entries(folder: string): Entry[] {
    const found = directoryOf(folder).filter(({ name, isText }) => {
      if (!isText) this.#skip(join(folder, name), 'its name is not UTF-8');
      return isText;
    });
    return found.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  #skip(path: string, reason: string): void {
    this.skipped.push({ path, reason });
  }
}

const keyOf = ({ name, database, policy }: Pick<Place, 'database' | 'policy' | 'name'>) =>
  shardKey(name, database, policy);

interface Entry {
  readonly name: string;
  /** Whether the name is UTF-8. */
  readonly isText: boolean;
  readonly kind: 'directory' | 'link' | 'file';
}

/** What is decoded from bytes that are not UTF-8. */
const replacement = '\ufffd';

function directoryOf(folder: string): Entry[] {
  try {
    const listed = readdirSync(folder, { withFileTypes: true });
    if (!listed.some(({ name }) => name.includes(replacement)))
      return listed.map((entry) => ({ name: entry.name, isText: true, kind: kindOf(entry) }));
    // Only the bytes of such a name show whether it has that character itself.
    return readdirSync(folder, { withFileTypes: true, encoding: 'buffer' }).map((entry) => {
      const bytes = Buffer.from(entry.name);
      return { name: bytes.toString(), isText: isUtf8(bytes), kind: kindOf(entry) };
    });
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw cannotRead(folder, error);
  }
}

const kindOf = (entry: Pick<Dirent, 'isDirectory' | 'isSymbolicLink'>): Entry['kind'] =>
  entry.isDirectory() ? 'directory' : entry.isSymbolicLink() ? 'link' : 'file';

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw cannotRead(folder, error);
  }
}

const cannotRead = (path: string, cause: unknown) =>
  new CfluxError(
    'STORAGE_FAILED',
    `cannot read ${path}: ${CfluxError.from(cause).message}${accessAdvice(cause)}`,
    { cause },
  );
