import type { DatabaseInfo, MetaData, RetentionPolicyInfo, UserInfo } from '../meta/records.js';
import { type Item, internalDatabase } from './statements/item.js';
import { fieldOf } from './statements/write-limits.js';

/** Extended metadata, and the items that were added. */
export interface Addition {
  readonly data: MetaData;
  readonly added: readonly Item[];
  /** Users that were omitted, because the server does not show their password hashes. */
  readonly withoutHash: readonly string[];
}

/**
 * Returns `cluster` with those of `items` that exist only in `server`. Existing items are not changed, and shard groups are not
 * imported: shards and their ids belong to each server, and a reused id would mix the points of two databases.
 */
export function addItems(cluster: MetaData, server: MetaData, items: readonly Item[]): Addition {
  const added: Item[] = [];
  const withoutHash: string[] = [];
  let data = cluster;
  for (const item of items) {
    if (item.kind === 'user' && server.users.find(({ name }) => name === item.user)?.hash === '') {
      withoutHash.push(item.user);
      continue;
    }
    const next = withItem(data, server, item);
    if (next !== data) added.push(item);
    data = next;
  }
  return { data, added, withoutHash };
}

function withItem(data: MetaData, server: MetaData, item: Item): MetaData {
  if (item.kind === 'user') return withUser(data, server, item.user);
  if (item.kind === 'grant') return withGrant(data, server, item.user, item.database);
  const theirs = named(server.databases, item.database);
  const ours = named(data.databases, item.database);
  if (theirs === undefined || item.database === internalDatabase) return data;
  if (ours === undefined) {
    return item.kind === 'database' ? { ...data, databases: [...data.databases, schemaOf(theirs)] } : data;
  }
  const next = withPart(ours, theirs, item);
  return next === ours ? data : { ...data, databases: replaced(data.databases, ours, next) };
}

/** Returns `ours` with the missing policy, query, subscription or write limit of `theirs`. */
function withPart(ours: DatabaseInfo, theirs: DatabaseInfo, item: Item): DatabaseInfo {
  if (item.kind === 'retentionPolicy') {
    const policy = named(theirs.retentionPolicies, item.policy);
    if (policy === undefined || named(ours.retentionPolicies, item.policy)) return ours;
    return { ...ours, retentionPolicies: [...ours.retentionPolicies, withoutShards(policy)] };
  }
  if (item.kind === 'continuousQuery') {
    const query = named(theirs.continuousQueries, item.name);
    if (query === undefined || named(ours.continuousQueries, item.name)) return ours;
    return { ...ours, continuousQueries: [...ours.continuousQueries, query] };
  }
  if (item.kind === 'writeLimit') return withLimit(ours, theirs, item);
  if (item.kind !== 'subscription') return ours;
  const policy = named(ours.retentionPolicies, item.policy);
  const subscription = named(named(theirs.retentionPolicies, item.policy)?.subscriptions ?? [], item.name);
  if (policy === undefined || subscription === undefined || named(policy.subscriptions, item.name))
    return ours;
  const next = { ...policy, subscriptions: [...policy.subscriptions, subscription] };
  return { ...ours, retentionPolicies: replaced(ours.retentionPolicies, policy, next) };
}

/** Returns `ours` with the write limit of `theirs`, unless the cluster states one. */
function withLimit(
  ours: DatabaseInfo,
  theirs: DatabaseInfo,
  item: Extract<Item, { kind: 'writeLimit' }>,
): DatabaseInfo {
  const field = fieldOf(item.limit);
  const policy = named(ours.retentionPolicies, item.policy);
  const value = named(theirs.retentionPolicies, item.policy)?.[field];
  if (policy === undefined || policy[field] !== undefined || value === undefined) return ours;
  return {
    ...ours,
    retentionPolicies: replaced(ours.retentionPolicies, policy, { ...policy, [field]: value }),
  };
}

function withUser(data: MetaData, server: MetaData, name: string): MetaData {
  const user = named(server.users, name);
  if (user === undefined || named(data.users, name)) return data;
  const privileges = new Map([...user.privileges].filter(([database]) => isShared(data, database)));
  return { ...data, users: [...data.users, { ...user, privileges }] };
}

function withGrant(data: MetaData, server: MetaData, name: string, database: string): MetaData {
  const user = named(data.users, name);
  const privilege = named(server.users, name)?.privileges.get(database);
  if (user === undefined || privilege === undefined || user.privileges.has(database)) return data;
  if (!isShared(data, database)) return data;
  const next: UserInfo = { ...user, privileges: new Map(user.privileges).set(database, privilege) };
  return { ...data, users: replaced(data.users, user, next) };
}

const isShared = (data: MetaData, database: string) =>
  database !== internalDatabase && named(data.databases, database) !== undefined;

const schemaOf = (database: DatabaseInfo): DatabaseInfo => ({
  ...database,
  retentionPolicies: database.retentionPolicies.map(withoutShards),
});

const withoutShards = (policy: RetentionPolicyInfo): RetentionPolicyInfo => ({ ...policy, shardGroups: [] });

function named<T extends { readonly name: string }>(list: readonly T[], name: string): T | undefined {
  return list.find((entry) => entry.name === name);
}

const replaced = <T>(list: readonly T[], old: T, next: T): T[] =>
  list.map((entry) => (entry === old ? next : entry));
