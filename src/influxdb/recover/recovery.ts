import type { MetaData } from '../../meta/records.js';
import type { DroppedItems } from './dropped-items.js';
import type { RecoveryFinding } from './recovery-report.js';
import type { RecoverySources } from './recovery-sources.js';
import type { DiskContent } from './shards-on-disk.js';

/** What a recovery starts from, and the findings that it collects. */
export interface Recovery {
  readonly disk: DiskContent;
  readonly sources: RecoverySources;
  /** Older metadata of the server, the newer first. */
  readonly own: readonly MetaData[];
  readonly dropped: DroppedItems;
  readonly findings: RecoveryFinding[];
}
