import { optionsCheck } from '../../check-options.js';
import type { DatabaseInfo, MetaData, RetentionPolicyInfo, UserInfo } from '../../meta/records.js';
import { flag, string } from '../../value-kinds.js';
import { firstByName } from '../plan/draft.js';
import { LocalSubscriptions, usualPrefix } from '../plan/local-subscriptions.js';
import { isEmpty, scaffoldPolicy } from '../plan/plan-databases.js';
import { keepsLess, valuesOf, whyInvalidName, whyInvalidPolicy } from '../plan/policy-rules.js';
import { type Item, internalDatabase } from '../statements/item.js';

/** Options of {@link provisionMetadata}. */
export interface ProvisionMetadataOptions {
  /**
   * Whether to remove what only the server has. A database or policy that has shards stays, with everything in it, and so do local
   * subscriptions and `_internal`. Default: false.
   */
  readonly exact?: boolean;
  /** Name prefix of subscriptions that belong to a single server. Default: `kapacitor-`; an empty prefix for none. */
  readonly localSubscriptions?: string;
}

/** Metadata of a server with the schema of a cluster. */
export interface ProvisionedMetadata {
  /** Equal to the server's metadata, except for the index, if nothing differs. */
  readonly metadata: MetaData;
  /** What the cluster has and no server accepts, with the reason; it is left out. */
  readonly refused: readonly { readonly item: Item; readonly reason: string }[];
  /** Policies whose new duration is shorter: the server deletes expired points soon after it starts. */
  readonly shortened: readonly Item[];
  /** What only the server has and `exact` does not remove, because it has shards. */
  readonly kept: readonly Item[];
}

const checkOptions = optionsCheck<ProvisionMetadataOptions>('provisionMetadata', {
  exact: flag,
  localSubscriptions: string,
});

/**
 * Returns the metadata of a server with the databases, policies, users with their hashes, privileges, continuous queries and
 * subscriptions of a cluster. The server's cluster id, term, index, shard groups and counters stay. A pure function.
 *
 * @throws CfluxError `INVALID_OPTION`
 * @example
 * ```ts
 * const server = decodeMetadata(encodeMetadata(emptyMetaData()));
 * const { metadata } = provisionMetadata(server, await client.data());
 * console.log(metadata.clusterId === server.clusterId); // true
 * ```
 */
export function provisionMetadata(
  server: MetaData,
  cluster: MetaData,
  options: ProvisionMetadataOptions = {},
): ProvisionedMetadata {
  checkOptions(options);
  const { exact = false, localSubscriptions = usualPrefix } = options;
  return new Provisioner(exact, new LocalSubscriptions(localSubscriptions)).provision(server, cluster);
}

/** Returns whether a policy has shards, which may be on disk also if their group is marked as deleted. */
export const hasShards = ({ shardGroups }: RetentionPolicyInfo): boolean =>
  shardGroups.some(({ shards }) => shards.length > 0);

class Provisioner {
  readonly #exact: boolean;
  readonly #local: LocalSubscriptions;
  readonly #refused: { item: Item; reason: string }[] = [];
  readonly #shortened: Item[] = [];
  readonly #kept: Item[] = [];

  constructor(exact: boolean, local: LocalSubscriptions) {
    this.#exact = exact;
    this.#local = local;
  }

  provision(server: MetaData, cluster: MetaData): ProvisionedMetadata {
    const databases = this.#databases(server, cluster);
    const users = this.#users(server, cluster, new Set(databases.map(({ name }) => name)));
    const [refused, shortened, kept] = [this.#refused, this.#shortened, this.#kept];
    return { metadata: { ...server, databases, users }, refused, shortened, kept };
  }

  #databases(server: MetaData, cluster: MetaData): readonly DatabaseInfo[] {
    const wanted = firstByName(cluster.databases);
    wanted.delete(internalDatabase);
    const here = firstByName(server.databases);
    const own = [...here.values()].flatMap((database) => {
      const its = wanted.get(database.name);
      if (its !== undefined) return [this.#database(database, its)];
      return this.#isDatabaseKept(database) ? [database] : [];
    });
    const added = [...wanted.values()].flatMap((database) => {
      if (here.has(database.name)) return [];
      const reason = whyInvalidName(database.name);
      if (reason === undefined) return [this.#database(undefined, database)];
      this.#refused.push({ item: { kind: 'database', database: database.name }, reason });
      return [];
    });
    return [...own, ...added];
  }

  #isDatabaseKept(database: DatabaseInfo): boolean {
    if (!this.#exact || database.name === internalDatabase) return true;
    if (!database.retentionPolicies.some(hasShards)) return false;
    this.#kept.push({ kind: 'database', database: database.name });
    return true;
  }

  #database(own: DatabaseInfo | undefined, wanted: DatabaseInfo): DatabaseInfo {
    const database = wanted.name;
    const its = firstByName(wanted.retentionPolicies);
    const here = firstByName(own?.retentionPolicies ?? []);
    const retentionPolicies = [
      ...[...here.values()].flatMap((policy) => {
        const wantedPolicy = its.get(policy.name);
        if (wantedPolicy !== undefined) return this.#policy(database, policy, wantedPolicy);
        return this.#isPolicyKept(database, policy) ? [policy] : [];
      }),
      ...[...its.values()].flatMap((policy) =>
        here.has(policy.name) ? [] : this.#policy(database, undefined, policy),
      ),
    ];
    const queries = firstByName(own?.continuousQueries ?? []);
    const wantedQueries = firstByName(wanted.continuousQueries);
    return {
      ...wanted,
      defaultRetentionPolicy: defaultOf(own, wanted, retentionPolicies),
      retentionPolicies,
      continuousQueries: this.#merged(queries, wantedQueries),
    };
  }

  #isPolicyKept(database: string, policy: RetentionPolicyInfo): boolean {
    // The mirror makes this policy for a database without a default, and drops it again.
    if (policy.name === scaffoldPolicy && isEmpty(policy)) return false;
    if (!this.#exact) return true;
    if (policy.subscriptions.some(this.#local.isLocal)) return true;
    if (!hasShards(policy)) return false;
    this.#kept.push({ kind: 'retentionPolicy', database, policy: policy.name });
    return true;
  }

  #policy(
    database: string,
    own: RetentionPolicyInfo | undefined,
    wanted: RetentionPolicyInfo,
  ): readonly RetentionPolicyInfo[] {
    const values = valuesOf(wanted);
    const reason = whyInvalidPolicy(values);
    if (reason !== undefined) {
      const item = { kind: 'retentionPolicy', database, policy: wanted.name } as const;
      this.#refused.push({ item, reason });
      return own === undefined ? [] : [own];
    }
    if (own !== undefined && keepsLess(values.duration, own.duration)) {
      const { duration } = values;
      this.#shortened.push({ kind: 'retention', database, policy: wanted.name, duration });
    }
    const isShared = (subscription: { readonly name: string }) => !this.#local.isLocal(subscription);
    const shared = firstByName(wanted.subscriptions.filter(isShared));
    const here = firstByName(own?.subscriptions ?? []);
    const limits = own === undefined ? {} : limitsOf(own);
    return [
      {
        ...limits,
        ...wanted,
        ...values,
        shardGroups: own?.shardGroups ?? [],
        subscriptions: this.#merged(here, shared, this.#local.isLocal),
      },
    ];
  }

  /** Returns what both have, the cluster's values first; with `exact` not what only the server has, unless it `isLocal`. */
  #merged<T extends { readonly name: string }>(
    own: ReadonlyMap<string, T>,
    wanted: ReadonlyMap<string, T>,
    isLocal: (entry: T) => boolean = () => false,
  ): readonly T[] {
    const stays = (entry: T) => wanted.has(entry.name) || !this.#exact || isLocal(entry);
    return [
      ...[...own.values()].filter(stays).map((entry) => wanted.get(entry.name) ?? entry),
      ...[...wanted.values()].filter(({ name }) => !own.has(name)),
    ];
  }

  #users(server: MetaData, cluster: MetaData, databases: ReadonlySet<string>): readonly UserInfo[] {
    const own = firstByName(server.users);
    const named = [...firstByName(cluster.users)].filter(([name]) => name !== '');
    const inCluster = new Set(cluster.databases.map(({ name }) => name));
    const isOwn = (database: string) =>
      database === internalDatabase || !this.#exact || (databases.has(database) && !inCluster.has(database));
    const wanted = new Map(
      named.map(([name, user]) => {
        const hers = [...user.privileges].filter(([database]) => database !== internalDatabase);
        const also = [...(own.get(name)?.privileges ?? [])].filter(([database]) => isOwn(database));
        return [name, { ...user, privileges: new Map([...also, ...hers]) }];
      }),
    );
    return this.#merged(own, wanted);
  }
}

/** A default that only the server has stays if the cluster's database has none. */
function defaultOf(
  own: DatabaseInfo | undefined,
  wanted: DatabaseInfo,
  policies: readonly RetentionPolicyInfo[],
): string {
  const exists = (name: string) => policies.some((policy) => policy.name === name);
  const before = own?.defaultRetentionPolicy ?? '';
  const isInCluster = (name: string) => wanted.retentionPolicies.some((policy) => policy.name === name);
  const keepsOwn = !exists(wanted.defaultRetentionPolicy) && exists(before) && !isInCluster(before);
  return keepsOwn ? before : wanted.defaultRetentionPolicy;
}

/** The limits of the server, which stay if the cluster does not state them. */
const limitsOf = ({ futureWriteLimit, pastWriteLimit }: RetentionPolicyInfo) => ({
  ...(futureWriteLimit === undefined ? {} : { futureWriteLimit }),
  ...(pastWriteLimit === undefined ? {} : { pastWriteLimit }),
});
