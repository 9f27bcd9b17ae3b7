import { append, findByName } from '../named-list.js';
import { checkDatabaseName } from '../names.js';
import type { DatabaseInfo, MetaData, RetentionPolicyInfo } from '../records.js';
import { databaseExists, importedDatabaseNotFound, importedPolicyNotFound } from '../refusals.js';
import { findDatabase } from './database-lookup.js';

/** Selects what to import from a backup, and its new names. */
export interface ImportSelection {
  /** Default: every database but `_internal`. */
  readonly backupDatabase?: string;
  /** Default: its name in the backup. */
  readonly restoreDatabase?: string;
  /** Default: every policy of the database. */
  readonly backupRetentionPolicy?: string;
  /** Default: its name in the backup. */
  readonly restoreRetentionPolicy?: string;
}

/** The result of an import. */
export interface ImportedData {
  readonly data: MetaData;
  /** Maps old shard ids to new ones. */
  readonly shardIds: ReadonlyMap<bigint, bigint>;
  /** Names of the imported databases. */
  readonly databases: readonly string[];
}

/**
 * Adds databases of `other` to `data`, as InfluxDB does when it restores a backup into live data: shard groups and shards get new ids,
 * without owners; continuous queries and users are not imported. All or nothing. Pass the result to `setData`.
 *
 * @throws CfluxError `IMPORT_SOURCE_NOT_FOUND`, `DATABASE_EXISTS`, `DATABASE_NAME_REQUIRED`, `NAME_TOO_LONG`
 * @example
 * ```ts
 * const backup = new LocalMetaClient();
 * await backup.createDatabase('archive');
 * await client.mutate(async (meta) => {
 *   const { data } = importData(meta.data(), backup.data(), { backupDatabase: 'archive' });
 *   await meta.setData(data);
 * });
 * console.log((await client.database('archive'))?.name); // archive
 * ```
 */
export function importData(data: MetaData, other: MetaData, selection: ImportSelection = {}): ImportedData {
  const importer = new Importer(data);
  if (selection.backupDatabase) {
    importer.add(other, selection.backupDatabase, selection);
  } else {
    for (const { name } of other.databases) if (name !== '_internal') importer.add(other, name, {});
  }
  return importer;
}

class Importer implements ImportedData {
  readonly shardIds = new Map<bigint, bigint>();
  readonly databases: string[] = [];

  constructor(public data: MetaData) {}

  add(other: MetaData, name: string, selection: ImportSelection): void {
    const source = findDatabase(other, name);
    if (source === undefined) throw importedDatabaseNotFound(name);
    const newName = selection.restoreDatabase || name;
    if (findDatabase(this.data, newName) !== undefined) throw databaseExists();
    checkDatabaseName(newName);
    const database = { ...selectPolicies(source, selection), name: newName, continuousQueries: [] };
    const retentionPolicies = database.retentionPolicies.map((policy) => this.renumber(policy));
    const { databases } = this.data;
    this.data = { ...this.data, databases: append(databases, { ...database, retentionPolicies }) };
    this.databases.push(newName);
  }

  private renumber(policy: RetentionPolicyInfo): RetentionPolicyInfo {
    let { maxShardGroupId, maxShardId } = this.data;
    const shardGroups = policy.shardGroups.map((group) => {
      const shards = group.shards.map((shard) => {
        this.shardIds.set(shard.id, ++maxShardId);
        return { ...shard, id: maxShardId, owners: [] };
      });
      return { ...group, id: ++maxShardGroupId, shards };
    });
    this.data = { ...this.data, maxShardGroupId, maxShardId };
    return { ...policy, shardGroups };
  }
}

/** Returns the database with all of its policies, or with one, which then is the default. */
function selectPolicies(source: DatabaseInfo, selection: ImportSelection): DatabaseInfo {
  const { backupRetentionPolicy, restoreRetentionPolicy } = selection;
  if (!backupRetentionPolicy) return source;
  const policy = findByName(source.retentionPolicies, backupRetentionPolicy);
  if (policy === undefined) throw importedPolicyNotFound(source.name, backupRetentionPolicy);
  const name = restoreRetentionPolicy || backupRetentionPolicy;
  return { ...source, defaultRetentionPolicy: name, retentionPolicies: [{ ...policy, name }] };
}
