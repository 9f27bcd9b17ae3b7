import type { MetaData } from '../../meta/records.js';
import { describeItem, type Item, internalDatabase, itemsOf, keyOf } from '../statements/item.js';
import type { RecoveryFinding } from './recovery-report.js';
import { withoutDropped } from './recovery-sources.js';
import type { DiskContent } from './shards-on-disk.js';

const recreated = 'recreated, as --with-dropped asks for';

/** The items that the cluster dropped, of which each that is still on disk or in older metadata gets a finding. */
export class DroppedItems {
  readonly #keys: ReadonlySet<string>;
  readonly #onDisk: DiskContent['policies'];
  readonly #withDropped: boolean;
  readonly #findings: RecoveryFinding[];

  constructor(
    keys: ReadonlySet<string>,
    parts: {
      readonly onDisk: DiskContent['policies'];
      /** Whether databases and policies are recreated. */
      readonly withDropped: boolean;
      readonly findings: RecoveryFinding[];
    },
  ) {
    this.#keys = keys;
    this.#onDisk = parts.onDisk;
    this.#withDropped = parts.withDropped;
    this.#findings = parts.findings;
  }

  has(item: Item): boolean {
    return this.#keys.has(keyOf(item));
  }

  /** Returns older metadata without these items, and lists them; what is on disk is listed by {@link isLeftOut}. */
  removedFrom(data: MetaData): MetaData {
    const withDropped = this.#withDropped;
    for (const item of itemsOf(data)) {
      if (!this.has(item)) continue;
      const isOnDisk =
        (item.kind === 'database' && this.#onDisk.has(item.database)) ||
        (item.kind === 'retentionPolicy' && this.#onDisk.get(item.database)?.has(item.policy) === true);
      const isStructure = item.kind === 'database' || item.kind === 'retentionPolicy';
      if (isOnDisk || item.kind === 'retention' || item.kind === 'writeLimit') continue;
      this.#add(item, isStructure && withDropped ? recreated : 'not recreated');
    }
    return withoutDropped(data, this.#keys, { withDropped });
  }

  /** Returns whether an item on disk is one of these and is not recreated, and lists it. */
  isLeftOut(item: Item): boolean {
    const isInternal = 'database' in item && item.database === internalDatabase;
    if (isInternal || !this.has(item)) return false;
    const withDropped = this.#withDropped;
    this.#add(
      item,
      withDropped
        ? recreated
        : 'not recreated; recreate it with --with-dropped, or move its directories below data and wal away',
    );
    return !withDropped;
  }

  #add(item: Item, text: string): void {
    const message = `${describeItem(item)} was dropped by the cluster: ${text}`;
    if (this.#findings.some((finding) => finding.message === message)) return;
    this.#findings.push({ kind: 'dropped', message, ...placeIn(item) });
  }
}

/** Returns the database and the policy of an item, as a finding has them. */
export const placeIn = (item: Item): Pick<RecoveryFinding, 'database' | 'policy'> => ({
  ...('database' in item ? { database: item.database } : {}),
  ...('policy' in item ? { policy: item.policy } : {}),
});
