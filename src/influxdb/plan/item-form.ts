import type { DatabaseInfo, MetaData, UserInfo } from '../../meta/records.js';
import type { Item } from '../statements/item.js';
import { firstByName } from './draft.js';

/** Returns the form of `item` in `data` as a text that changes when the item changes; empty if `data` does not have it. */
export function itemForm(data: MetaData, item: Item): string {
  const record = recordOf(data, item);
  return record === undefined ? '' : JSON.stringify(record, comparable);
}

function recordOf(data: MetaData, item: Item): unknown {
  const { users, databases } = indexOf(data);
  if (item.kind === 'user') return users.get(item.user);
  if (item.kind === 'grant') return users.get(item.user)?.privileges.get(item.database);
  const database = databases.get(item.database);
  return item.kind === 'database' ? database : database && partOf(database, item);
}

function partOf(
  database: DatabaseInfo,
  item: Exclude<Item, { kind: 'user' | 'grant' | 'database' }>,
): unknown {
  if (item.kind === 'continuousQuery') return named(database.continuousQueries, item.name);
  const policy = named(database.retentionPolicies, item.policy);
  if (item.kind === 'subscription') return named(policy?.subscriptions ?? [], item.name);
  return policy && [policy, database.defaultRetentionPolicy === policy.name];
}

interface Index {
  readonly users: ReadonlyMap<string, UserInfo>;
  readonly databases: ReadonlyMap<string, DatabaseInfo>;
}

const indexes = new WeakMap<MetaData, Index>();

/** Returns a cached index, because a convergence may change thousands of items. */
function indexOf(data: MetaData): Index {
  const known = indexes.get(data);
  if (known !== undefined) return known;
  const index = { users: firstByName(data.users), databases: firstByName(data.databases) };
  indexes.set(data, index);
  return index;
}

const named = <T extends { readonly name: string }>(list: readonly T[], name: string) =>
  list.find((entry) => entry.name === name);

/** Omits shards, which belong to each server, and converts 64-bit integers and maps for JSON. */
function comparable(key: string, value: unknown): unknown {
  if (key === 'shardGroups') return undefined;
  if (value instanceof Map) return [...value];
  return typeof value === 'bigint' ? value.toString() : value;
}
