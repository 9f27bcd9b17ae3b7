import type { DatabaseInfo, MetaData, RetentionPolicyInfo } from '../../meta/records.js';
import type { Ledger } from '../ledger/ledger.js';
import { firstByName } from '../plan/draft.js';
import { internalDatabase, itemsOf, keyOf, keysOf } from '../statements/item.js';

/** What is known about the metadata that a server lost. */
export interface RecoverySources {
  /** The newest metadata of the cluster. */
  readonly cluster?: MetaData | undefined;
  /** Earlier versions of the cluster's metadata, which show what it dropped. */
  readonly earlier?: readonly MetaData[] | undefined;
  /** An older `meta.db`, or a backup of it. */
  readonly from?: MetaData | undefined;
  /** The content of the present `meta.db`, if it can be read. */
  readonly present?: MetaData | undefined;
  /** The record of the server's agent. */
  readonly ledger?: Ledger | undefined;
}

/** Metadata of the same server, the newer first. */
export function ownMetadata({ from, present }: RecoverySources): readonly MetaData[] {
  const isPresentNewer =
    from !== undefined &&
    present !== undefined &&
    from.clusterId === present.clusterId &&
    from.index < present.index;
  return [isPresentNewer ? present : from, isPresentNewer ? from : present].flatMap((data) => data ?? []);
}

/** Returns the keys of items that the cluster had and dropped. */
export function droppedKeys(sources: RecoverySources): ReadonlySet<string> {
  const { cluster, earlier = [], ledger } = sources;
  if (cluster === undefined) return new Set();
  const current = new Set(keysOf(cluster));
  const known = new Set<string>();
  // Items of another cluster, or of one that was replaced, were not dropped by this one.
  if (ledger?.origin.clusterId === cluster.clusterId) for (const key of ledger.current) known.add(key);
  for (const version of earlier) {
    for (const item of itemsOf(version)) {
      if (item.kind !== 'retentionPolicy' || !mayBeRenamed(item, version, cluster)) known.add(keyOf(item));
    }
  }
  return new Set([...known].filter((key) => !current.has(key)));
}

/** Returns whether a policy that is missing now may have another name: InfluxQL cannot rename one, so its points are still there. */
function mayBeRenamed(
  { database, policy }: { readonly database: string; readonly policy: string },
  before: MetaData,
  now: MetaData,
): boolean {
  const [old, present] = [before, now].map(
    ({ databases }) => databases.find(({ name }) => name === database)?.retentionPolicies ?? [],
  );
  const had = new Set(old?.map(({ name }) => name));
  const has = new Set(present?.map(({ name }) => name));
  return !has.has(policy) && [...has].some((name) => !had.has(name));
}

/** Returns a policy in `data`. */
export function policyIn(
  data: MetaData | undefined,
  database: string,
  policy: string,
): RetentionPolicyInfo | undefined {
  return databaseIn(data, database)?.retentionPolicies.find(({ name }) => name === policy);
}

export const databaseIn = (data: MetaData | undefined, database: string): DatabaseInfo | undefined =>
  data?.databases.find(({ name }) => name === database);

/** Returns a database of the cluster as the newest of its earlier versions had it, without shard groups. */
export function earlierDatabase(
  { earlier = [] }: RecoverySources,
  database: string,
): DatabaseInfo | undefined {
  if (database === internalDatabase) return undefined;
  for (const version of earlier) {
    const found = databaseIn(version, database);
    if (found !== undefined) return withoutGroups(found);
  }
  return undefined;
}

export const withoutGroups = (database: DatabaseInfo): DatabaseInfo => ({
  ...database,
  retentionPolicies: database.retentionPolicies.map((policy) => ({ ...policy, shardGroups: [] })),
});

/**
 * Returns `data` without the items of these keys: databases and policies only unless `withDropped`, everything else always, because a
 * dropped user or privilege must not return.
 */
export function withoutDropped(
  data: MetaData,
  dropped: ReadonlySet<string>,
  { withDropped }: { readonly withDropped: boolean },
): MetaData {
  if (dropped.size === 0) return data;
  const isDropped = (item: Parameters<typeof keyOf>[0]) => dropped.has(keyOf(item));
  const databases = [...firstByName(data.databases).values()]
    .filter(
      ({ name: database }) =>
        database === internalDatabase || withDropped || !isDropped({ kind: 'database', database }),
    )
    .map((info) => {
      const database = info.name;
      if (database === internalDatabase || (withDropped && isDropped({ kind: 'database', database })))
        return info;
      return {
        ...info,
        continuousQueries: info.continuousQueries.filter(
          ({ name }) => !isDropped({ kind: 'continuousQuery', database, name }),
        ),
        retentionPolicies: info.retentionPolicies
          .filter(
            ({ name: policy }) => withDropped || !isDropped({ kind: 'retentionPolicy', database, policy }),
          )
          .map((policy) => ({
            ...policy,
            subscriptions: policy.subscriptions.filter(
              ({ name }) => !isDropped({ kind: 'subscription', database, policy: policy.name, name }),
            ),
          })),
      };
    });
  const users = data.users
    .filter(({ name: user }) => !isDropped({ kind: 'user', user }))
    .map((user) => ({
      ...user,
      privileges: new Map(
        [...user.privileges].filter(
          ([database]) =>
            !isDropped({ kind: 'grant', user: user.name, database }) ||
            (withDropped && isDropped({ kind: 'database', database })),
        ),
      ),
    }));
  return { ...data, databases, users };
}
