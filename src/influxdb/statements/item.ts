import type { DatabaseInfo, MetaData, RetentionPolicyInfo, UserInfo } from '../../meta/records.js';
import { writeLimits } from './write-limits.js';

/** An item of the metadata that a mirror keeps in sync, identified by its names. */
export type Item =
  | { readonly kind: 'database'; readonly database: string }
  | { readonly kind: 'retentionPolicy'; readonly database: string; readonly policy: string }
  /** The duration of a policy, in nanoseconds, 0 for infinite; an item because shortening it deletes points. */
  | {
      readonly kind: 'retention';
      readonly database: string;
      readonly policy: string;
      readonly duration: bigint;
    }
  /** FUTURE LIMIT or PAST LIMIT of a policy; an item because nodes that do not store it lose it. */
  | {
      readonly kind: 'writeLimit';
      readonly database: string;
      readonly policy: string;
      readonly limit: 'FUTURE' | 'PAST';
    }
  | { readonly kind: 'continuousQuery'; readonly database: string; readonly name: string }
  | {
      readonly kind: 'subscription';
      readonly database: string;
      readonly policy: string;
      readonly name: string;
    }
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'grant'; readonly user: string; readonly database: string };

/** The kind of an item. */
export type ItemKind = Item['kind'];

/** The database of the server's own statistics, which a mirror ignores. */
export const internalDatabase = '_internal';

/** Yields every item of `data`. */
export function* itemsOf(data: MetaData): Generator<Item> {
  for (const database of data.databases) yield* itemsOfDatabase(database);
  for (const user of data.users) yield* itemsOfUser(user);
}

/** Yields the database and every item in it. */
export function* itemsOfDatabase(info: DatabaseInfo): Generator<Item> {
  const database = info.name;
  if (database === internalDatabase) return;
  yield { kind: 'database', database };
  for (const policy of info.retentionPolicies) yield* itemsOfPolicy(database, policy);
  for (const { name } of info.continuousQueries) yield { kind: 'continuousQuery', database, name };
}

/** Yields the policy and every item in it. */
export function* itemsOfPolicy(database: string, info: RetentionPolicyInfo): Generator<Item> {
  const { name: policy, duration, subscriptions } = info;
  yield { kind: 'retentionPolicy', database, policy };
  yield { kind: 'retention', database, policy, duration };
  for (const { limit, field } of writeLimits) {
    if ((info[field] ?? 0n) !== 0n) yield { kind: 'writeLimit', database, policy, limit };
  }
  for (const { name } of subscriptions) yield { kind: 'subscription', database, policy, name };
}

/** Yields the user and its privileges. */
export function* itemsOfUser({ name: user, privileges }: UserInfo): Generator<Item> {
  yield { kind: 'user', user };
  for (const [database, privilege] of privileges) {
    // REVOKE leaves a row without privileges, which means the same as no row.
    if (privilege !== 0 && database !== internalDatabase) yield { kind: 'grant', user, database };
  }
}

/** Returns the unique key of an item. */
export function keyOf(item: Item): string {
  switch (item.kind) {
    case 'database':
      return JSON.stringify([item.kind, item.database]);
    case 'retentionPolicy':
      return JSON.stringify([item.kind, item.database, item.policy]);
    case 'retention':
      return JSON.stringify([item.kind, item.database, item.policy, String(item.duration)]);
    case 'writeLimit':
      return JSON.stringify([item.kind, item.database, item.policy, item.limit]);
    case 'continuousQuery':
      return JSON.stringify([item.kind, item.database, item.name]);
    case 'subscription':
      return JSON.stringify([item.kind, item.database, item.policy, item.name]);
    case 'user':
      return JSON.stringify([item.kind, item.user]);
    case 'grant':
      return JSON.stringify([item.kind, item.user, item.database]);
  }
}

/** Returns the keys of all items in `data`, computed once for each database and user that versions share. */
export function keysOf(data: MetaData): string[] {
  const keys: string[] = [];
  for (const database of data.databases) keys.push(...remembered(database, itemsOfDatabase));
  for (const user of data.users) keys.push(...remembered(user, itemsOfUser));
  return keys;
}

const keysOfRecord = new WeakMap<object, readonly string[]>();

function remembered<T extends object>(
  record: T,
  itemsOfRecord: (record: T) => Iterable<Item>,
): readonly string[] {
  const known = keysOfRecord.get(record);
  if (known !== undefined) return known;
  const keys = Array.from(itemsOfRecord(record), keyOf);
  keysOfRecord.set(record, keys);
  return keys;
}

/**
 * Describes `item` as text.
 *
 * @example
 * ```ts
 * console.log(describeItem({ kind: 'database', database: 'telegraf' })); // database "telegraf"
 * ```
 */
export function describeItem(item: Item): string {
  // JSON's escapes keep a name with line breaks or control characters on one line of a log.
  const quote = (name: string) => JSON.stringify(name);
  switch (item.kind) {
    case 'database':
      return `database ${quote(item.database)}`;
    case 'retentionPolicy':
      return `retention policy ${quote(item.policy)} on ${quote(item.database)}`;
    case 'retention':
      return `duration of retention policy ${quote(item.policy)} on ${quote(item.database)}`;
    case 'writeLimit':
      return `${item.limit} LIMIT of retention policy ${quote(item.policy)} on ${quote(item.database)}`;
    case 'continuousQuery':
      return `continuous query ${quote(item.name)} on ${quote(item.database)}`;
    case 'subscription':
      return `subscription ${quote(item.name)} on ${quote(item.database)}.${quote(item.policy)}`;
    case 'user':
      return `user ${quote(item.user)}`;
    case 'grant':
      return `privilege of ${quote(item.user)} on ${quote(item.database)}`;
  }
}
