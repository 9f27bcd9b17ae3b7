import type { TimeRange } from '../../tsm/time-range.js';

/** A directory of a shard, below the data or below the write-ahead logs of a server. */
export interface DiskShard {
  readonly id: bigint;
  readonly database: string;
  readonly policy: string;
  /** The times of its points; `undefined` if it has none that can be read. Deleted points may be among them. */
  readonly range: TimeRange | undefined;
  /** Whether files of it are damaged and none has points. */
  readonly isUnreadable: boolean;
  /** Whether only its write-ahead log is on disk. */
  readonly isOnlyInWal: boolean;
}

/** A file or directory whose content is not used, entirely or from some position on. */
export interface SkippedPath {
  readonly path: string;
  readonly reason: string;
}

/** What is on the disk of a server. */
export interface DiskContent {
  readonly shards: readonly DiskShard[];
  /** The directories of retention policies by database, also those without shards. */
  readonly policies: ReadonlyMap<string, ReadonlySet<string>>;
  readonly skipped: readonly SkippedPath[];
}
