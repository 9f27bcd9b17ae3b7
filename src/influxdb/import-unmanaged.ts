import { optionsCheck } from '../check-options.js';
import type { MetaClientLike } from '../meta/meta-client.js';
import type { MetaData } from '../meta/records.js';
import { flag } from '../value-kinds.js';
import { type Addition, addItems } from './add-items.js';
import type { InfluxMirror } from './influx-mirror.js';
import type { Item } from './statements/item.js';

/** The part of a CfluxClient that an import needs. */
export interface ImportTarget {
  /** As of CfluxClient. */
  data(): MetaData | PromiseLike<MetaData>;
  /** As of CfluxClient. */
  mutate<T>(operation: (meta: MetaClientLike) => T | PromiseLike<T>): Promise<T>;
  readonly status: { readonly version: number; readonly epoch: string | undefined };
}

/** What {@link importUnmanaged} imports. */
export interface ImportOptions {
  /**
   * Whether to import only into a cluster without databases and users, and only if the mirror has never followed a cluster, so that
   * only the first server of a new cluster seeds it. Default: false.
   */
  readonly ifEmpty?: boolean;
}

const checkOptions = optionsCheck<ImportOptions>('importUnmanaged', { ifEmpty: flag });

/** What an import added to the cluster. */
export interface ImportResult {
  readonly added: readonly Item[];
  /** Users that were omitted, because only the snapshot port has password hashes. */
  readonly withoutHash: readonly string[];
}

/**
 * Adds the unmanaged items of the server of `mirror` to the cluster of `client`: databases, policies, subscriptions, continuous
 * queries, users with their password hashes, privileges; no shard groups. Existing items of the cluster are not changed. Rejects
 * as the mirror and `mutate` do.
 *
 * @example
 * ```ts
 * const { added } = await importUnmanaged(mirror, client, { ifEmpty: true });
 * for (const item of added) console.log(`${describeItem(item)} is the cluster's now`);
 * ```
 */
export async function importUnmanaged(
  mirror: InfluxMirror,
  client: ImportTarget,
  options: ImportOptions = {},
): Promise<ImportResult> {
  checkOptions(options);
  const { ifEmpty = false } = options;
  const nothing = { added: [], withoutHash: [] };
  const { version, epoch } = client.status;
  const known = await client.data();
  if (ifEmpty && !isEmpty(known)) return nothing;
  const survey = await mirror.survey(known, { version, ...(epoch === undefined ? {} : { epoch }) });
  if (survey.plan.unmanaged.length === 0 || (ifEmpty && !survey.isFirst)) return nothing;
  return client.mutate(async (meta): Promise<ImportResult> => {
    const newest = await meta.data();
    // Another server may have seeded the cluster meanwhile.
    if (ifEmpty && !isEmpty(newest)) return nothing;
    const { data, added, withoutHash }: Addition = addItems(newest, survey.present, survey.plan.unmanaged);
    if (added.length > 0) await meta.setData(data);
    return { added, withoutHash };
  });
}

const isEmpty = ({ databases, users }: MetaData) => databases.length === 0 && users.length === 0;
