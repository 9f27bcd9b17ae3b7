import { highest } from '../../bigint-order.js';
import { day, formatDuration, week } from '../../meta/durations.js';
import { emptyMetaData } from '../../meta/empty-metadata.js';
import type { DatabaseInfo, MetaData, RetentionPolicyInfo } from '../../meta/records.js';
import { type TimeRange, union } from '../../tsm/time-range.js';
import { type ProvisionedMetadata, provisionMetadata } from '../provision/provision-metadata.js';
import { shardsIn } from '../read/shards-in.js';
import { describeItem, type Item, internalDatabase, itemsOf, keyOf, keysOf } from '../statements/item.js';
import { numberGroups, type PlacedGroup } from './number-groups.js';
import { placeOf } from './place-of.js';
import { about, countGroups, durationsIn, type FoundGroup, groupsOf } from './policy-groups.js';
import type { PolicySource, RecoveredPolicy, RecoveryFinding } from './recovery-report.js';
import {
  databaseIn,
  droppedKeys,
  ownMetadata,
  policyIn,
  type RecoverySources,
  withoutDropped,
} from './recovery-sources.js';
import type { DiskContent, DiskShard } from './shards-on-disk.js';
import { usableShards } from './usable-shards.js';

/** Options of {@link rebuildMetadata}. */
export interface RebuildOptions {
  /** Whether to recreate databases and policies that the cluster dropped and that are on disk or in older metadata. */
  readonly withDropped: boolean;
  readonly localSubscriptions?: string | undefined;
}

/** Metadata of a server, rebuilt from its disk and from what is known. */
export interface Rebuilt {
  readonly metadata: MetaData;
  readonly policies: readonly RecoveredPolicy[];
  readonly findings: readonly RecoveryFinding[];
}

const recreated = 'recreated, as --with-dropped asks for';

/** The policy of InfluxDB's own statistics. */
const monitor = { name: 'monitor', replicaN: 1, duration: week, shardGroupDuration: day } as const;
const autogen = 'autogen';

/**
 * Rebuilds the metadata of a server: its shard groups from the shards on disk, all else from the cluster and from older metadata of the
 * server. A pure function.
 */
export function rebuildMetadata(
  disk: DiskContent,
  sources: RecoverySources,
  options: RebuildOptions,
): Rebuilt {
  return new Rebuilding(disk, sources, options).rebuild();
}

class Rebuilding {
  readonly #disk: DiskContent;
  readonly #sources: RecoverySources;
  readonly #options: RebuildOptions;
  readonly #own: readonly MetaData[];
  readonly #dropped: ReadonlySet<string>;
  readonly #findings: RecoveryFinding[] = [];
  readonly #policies: RecoveredPolicy[] = [];

  constructor(disk: DiskContent, sources: RecoverySources, options: RebuildOptions) {
    this.#disk = disk;
    this.#sources = sources;
    this.#options = options;
    this.#own = ownMetadata(sources);
    this.#dropped = droppedKeys(sources);
  }

  rebuild(): Rebuilt {
    for (const { path, reason } of this.#disk.skipped)
      this.#findings.push({ kind: 'damaged', message: `${path}: ${reason}`, path });
    this.#listReused();
    const shards = usableShards(this.#disk.shards, this.#own, this.#findings);
    const base = this.#base();
    const groups: PlacedGroup[] = [];
    const databases = this.#databases(base).map((database) => ({
      ...database,
      retentionPolicies: database.retentionPolicies.map((policy) => {
        const found = this.#policy(database.name, policy, shards);
        groups.push(
          ...found.groups.map((group) => ({ database: database.name, policy: policy.name, found: group })),
        );
        return { ...policy, shardGroupDuration: found.shardGroupDuration };
      }),
    }));
    const identity = this.#identity(base);
    const { cluster } = this.#sources;
    const known = [...this.#own, ...(cluster === undefined ? [] : [cluster])];
    const numbered = numberGroups({ ...base, ...identity, databases }, groups, known, this.#disk.shards);
    const metadata = this.#withCluster(numbered);
    return { metadata, policies: this.#policies, findings: this.#findings };
  }

  /** The older metadata of this server, without what the cluster dropped. */
  #base(): MetaData {
    const { withDropped } = this.#options;
    const [newer, older] = this.#own.map((data) => {
      this.#listDropped(data);
      return withoutDropped(data, this.#dropped, { withDropped });
    });
    if (newer === undefined) return emptyMetaData();
    const all = older === undefined ? newer : layered(older, newer);
    // The groups are those of the shards on disk.
    return { ...all, databases: all.databases.map(withoutGroups) };
  }

  /** Lists what the cluster dropped and older metadata has; what is on disk is listed with its directories. */
  #listDropped(data: MetaData): void {
    for (const item of itemsOf(data)) {
      if (!this.#dropped.has(keyOf(item))) continue;
      const isOnDisk =
        (item.kind === 'database' && this.#disk.policies.has(item.database)) ||
        (item.kind === 'retentionPolicy' &&
          this.#disk.policies.get(item.database)?.has(item.policy) === true);
      const isStructure = item.kind === 'database' || item.kind === 'retentionPolicy';
      if (isOnDisk || item.kind === 'retention' || item.kind === 'writeLimit') continue;
      this.#addDropped(item, isStructure && this.#options.withDropped ? recreated : 'not recreated');
    }
  }

  /** The databases of older metadata and those on disk. */
  #databases(base: MetaData): readonly DatabaseInfo[] {
    const known = new Map(base.databases.map((database) => [database.name, database]));
    for (const [database, policies] of this.#disk.policies) {
      // InfluxDB creates a policy's directory with its first shard, so this one is not a database of it.
      if (policies.size === 0) continue;
      if (this.#isLeftOut({ kind: 'database', database })) continue;
      const kept = [...policies].filter(
        (policy) => !this.#isLeftOut({ kind: 'retentionPolicy', database, policy }),
      );
      known.set(database, this.#withPolicies(database, known.get(database), kept));
    }
    return [...known.values()];
  }

  /** Returns whether the cluster dropped an item that is on disk, and lists it. */
  #isLeftOut(item: Item): boolean {
    const isInternal = 'database' in item && item.database === internalDatabase;
    if (isInternal || !this.#dropped.has(keyOf(item))) return false;
    const { withDropped } = this.#options;
    this.#addDropped(
      item,
      withDropped
        ? recreated
        : 'not recreated; recreate it with --with-dropped, or move its directories below data and wal away',
    );
    return !withDropped;
  }

  #addDropped(item: Item, text: string): void {
    const message = `${describeItem(item)} was dropped by the cluster: ${text}`;
    if (this.#findings.some((finding) => finding.message === message)) return;
    this.#findings.push({
      kind: 'dropped',
      message,
      ...('database' in item ? { database: item.database } : {}),
      ...('policy' in item ? { policy: item.policy } : {}),
    });
  }

  /** Returns a database with the policies that are on disk. */
  #withPolicies(name: string, known: DatabaseInfo | undefined, policies: readonly string[]): DatabaseInfo {
    const inCluster = name === internalDatabase ? undefined : databaseIn(this.#sources.cluster, name);
    const earlier = known === undefined ? this.#earlier(name) : undefined;
    const database = known ??
      earlier ?? {
        name,
        defaultRetentionPolicy: inCluster === undefined ? this.#guessDefault(name, policies) : '',
        retentionPolicies: [],
        continuousQueries: [],
      };
    const missing = policies.filter(
      (policy) => !database.retentionPolicies.some((each) => each.name === policy),
    );
    const added = missing.map((policy): RetentionPolicyInfo => {
      const before = this.#earlier(name)?.retentionPolicies.find((each) => each.name === policy);
      if (before !== undefined) return before;
      const values =
        name === internalDatabase && policy === monitor.name
          ? monitor
          : { name: policy, replicaN: 1, duration: 0n, shardGroupDuration: 0n };
      return { ...values, shardGroups: [], subscriptions: [] };
    });
    return { ...database, retentionPolicies: [...database.retentionPolicies, ...added] };
  }

  /** Returns a database as an earlier version of the cluster had it, without shard groups. */
  #earlier(database: string): DatabaseInfo | undefined {
    if (database === internalDatabase) return undefined;
    for (const version of this.#sources.earlier ?? []) {
      const found = databaseIn(version, database);
      if (found !== undefined) return withoutGroups(found);
    }
    return undefined;
  }

  #guessDefault(database: string, policies: readonly string[]): string {
    if (database === internalDatabase) return monitor.name;
    if (policies.length === 0) return '';
    const chosen = policies.includes(autogen) ? autogen : (this.#newestPolicy(database, policies) ?? '');
    const why =
      chosen === autogen
        ? 'the name that InfluxDB gives to the first policy'
        : policies.length === 1
          ? 'its only policy'
          : 'its policy with the newest points';
    this.#findings.push({
      kind: 'guessed',
      message: `the default retention policy of ${JSON.stringify(database)} is unknown: ${JSON.stringify(chosen)} is taken, ${why}`,
      database,
      policy: chosen,
    });
    return chosen;
  }

  #newestPolicy(database: string, policies: readonly string[]): string | undefined {
    let newest: { readonly policy: string; readonly last: bigint } | undefined;
    for (const { database: its, policy, range } of this.#disk.shards) {
      if (its !== database || range === undefined || !policies.includes(policy)) continue;
      if (newest === undefined || range.last > newest.last) newest = { policy, last: range.last };
    }
    return newest?.policy ?? policies[0];
  }

  #policy(
    database: string,
    info: RetentionPolicyInfo,
    shards: ReadonlyMap<string, readonly DiskShard[]>,
  ): { readonly groups: readonly FoundGroup[]; readonly shardGroupDuration: bigint } {
    const policy = info.name;
    const here = shards.get(placeOf(database, policy)) ?? [];
    const isOfCluster = database !== internalDatabase;
    const inCluster = isOfCluster ? policyIn(this.#sources.cluster, database, policy) : undefined;
    const own = this.#own.map((data) => policyIn(data, database, policy));
    const earlier = isOfCluster ? (this.#sources.earlier ?? []) : [];
    const isMonitor = !isOfCluster && policy === monitor.name;
    const durations = [
      ...durationsIn([inCluster, ...own, ...earlier.map((data) => policyIn(data, database, policy))]),
      ...(isMonitor ? [monitor.shardGroupDuration] : []),
    ];
    const known = own.flatMap((each) => each?.shardGroups ?? []);
    const { groups, newestDuration, findings } = groupsOf(here, known, durations);
    this.#findings.push(...findings);
    const source = this.#sourceOf(database, policy, isMonitor);
    const shardGroupDuration =
      source === 'inferred' ? (newestDuration ?? week) : info.shardGroupDuration || week;
    if (source === 'inferred') this.#addInferred(database, policy, shardGroupDuration, newestDuration);
    this.#report(database, policy, source, here, groups);
    return { groups, shardGroupDuration };
  }

  #sourceOf(database: string, policy: string, isMonitor: boolean): PolicySource {
    const { cluster, from, present } = this.#sources;
    if (database !== internalDatabase && policyIn(cluster, database, policy) !== undefined) return 'cluster';
    if (policyIn(from, database, policy) !== undefined) return 'from';
    if (policyIn(present, database, policy) !== undefined) return 'present';
    if (this.#earlier(database)?.retentionPolicies.some(({ name }) => name === policy)) return 'earlier';
    return isMonitor ? 'internal' : 'inferred';
  }

  #addInferred(database: string, policy: string, duration: bigint, newest: bigint | undefined): void {
    const basis = newest === undefined ? 'the default' : 'that of the group of the newest shard';
    this.#findings.push({
      kind: 'guessed',
      message: `${describeItem({ kind: 'retentionPolicy', database, policy })} is unknown: it keeps points for ever, with a shard duration of ${formatDuration(duration)}, ${basis}, and a replication factor of 1`,
      database,
      policy,
    });
  }

  #report(
    database: string,
    policy: string,
    source: PolicySource,
    shards: readonly DiskShard[],
    groups: readonly FoundGroup[],
  ): void {
    let range: TimeRange | undefined;
    for (const shard of shards) range = union(range, shard.range);
    this.#policies.push({
      database,
      policy,
      source,
      shards: shards.length,
      ...(range === undefined ? {} : { firstTime: range.first, lastTime: range.last }),
      groups: countGroups(groups),
    });
  }

  /** The cluster id of the lost metadata, and an index above all that are known of it. */
  #identity(base: MetaData): Pick<MetaData, 'clusterId' | 'index'> {
    const { from, present, ledger } = this.#sources;
    const { clusterId: recorded, index: seen = 0n } = ledger?.server ?? {};
    const candidates = [
      ['the record of the agent', recorded],
      ['the file of --from', from?.clusterId],
      ['the present meta.db', present?.clusterId],
    ] as const;
    const named = candidates.flatMap(([name, id]) => (id === undefined ? [] : [{ name, id }]));
    const [first, ...others] = named;
    if (first === undefined) {
      this.#findings.push({
        kind: 'guessed',
        message: `the cluster id of the server is unknown: it gets the new one ${base.clusterId}`,
      });
    }
    for (const { name, id } of others) {
      if (first === undefined || id === first.id || name === 'the present meta.db') continue;
      this.#findings.push({
        kind: 'contradiction',
        message: `${name} has the cluster id ${id}, and ${first.name} ${first.id}, which is taken: is the file of another server?`,
      });
    }
    const index = highest([seen, base.index, ...this.#own.map((data) => data.index)]) + 1n;
    return { clusterId: first?.id ?? base.clusterId, index };
  }

  #withCluster(data: MetaData): MetaData {
    const { cluster } = this.#sources;
    if (cluster === undefined) return data;
    this.#listUnmanaged(data, cluster);
    const provisioned = provisionMetadata(data, cluster, localOption(this.#options));
    this.#addProvisioned(provisioned);
    return provisioned.metadata;
  }

  /** Lists databases, policies and users that only the server has, because nothing shows that the cluster dropped them. */
  #listUnmanaged(data: MetaData, cluster: MetaData): void {
    const current = new Set(keysOf(cluster));
    for (const item of itemsOf(data)) {
      const isListed = item.kind === 'database' || item.kind === 'retentionPolicy' || item.kind === 'user';
      if (!isListed || current.has(keyOf(item)) || this.#dropped.has(keyOf(item))) continue;
      this.#findings.push({
        kind: 'note',
        message: `${describeItem(item)} is not in the cluster, and nothing shows that the cluster dropped it: recovered`,
        ...('database' in item ? { database: item.database } : {}),
        ...('policy' in item ? { policy: item.policy } : {}),
      });
    }
  }

  /** Lists shards of the present metadata whose id on disk is that of another policy: points of both were mixed since the loss. */
  #listReused(): void {
    const { present } = this.#sources;
    if (present === undefined) return;
    const onDisk = new Map(this.#disk.shards.map((shard) => [shard.id, shard]));
    for (const { id, database, policy } of shardsIn(present)) {
      const shard = onDisk.get(id);
      if (shard === undefined || (shard.database === database && shard.policy === policy)) continue;
      const text = `is one of ${JSON.stringify(database)}.${JSON.stringify(policy)} in the present meta.db: points that were written there since the loss are among those of ${JSON.stringify(shard.database)}`;
      this.#findings.push(about(shard, 'contradiction', text));
    }
  }

  #addProvisioned({ refused }: ProvisionedMetadata): void {
    for (const { item, reason } of refused)
      this.#findings.push({
        kind: 'note',
        message: `${describeItem(item)} of the cluster is left out: ${reason}`,
      });
  }
}

const localOption = ({ localSubscriptions }: RebuildOptions) =>
  localSubscriptions === undefined ? {} : { localSubscriptions };

/** Returns what both metadata of a server have, with the values of `newer`. */
const layered = (older: MetaData, newer: MetaData): MetaData => {
  const all = provisionMetadata(older, newer, { localSubscriptions: '' }).metadata;
  const internal = databaseIn(newer, internalDatabase);
  const databases =
    internal === undefined
      ? all.databases
      : [internal, ...all.databases.filter(({ name }) => name !== internalDatabase)];
  return { ...newer, databases, users: all.users };
};

const withoutGroups = (database: DatabaseInfo): DatabaseInfo => ({
  ...database,
  retentionPolicies: database.retentionPolicies.map((policy) => ({ ...policy, shardGroups: [] })),
});
