import type { DatabaseInfo, MetaData, RetentionPolicyInfo, UserInfo } from '../meta/records.js';

/** A thing of the metadata that a mirror keeps in step, by its names. */
export type Item =
  | { readonly kind: 'database'; readonly database: string }
  | { readonly kind: 'retentionPolicy'; readonly database: string; readonly policy: string }
  /** That a policy keeps points as long as this, in nanoseconds, 0 for ever: a shorter one destroys some. */
  | {
      readonly kind: 'retention';
      readonly database: string;
      readonly policy: string;
      readonly duration: bigint;
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

/** What an item is. */
export type ItemKind = Item['kind'];

/** The database of the server's own statistics: it belongs to each server, and a mirror takes no notice of it. */
export const internalDatabase = '_internal';

/** Everything in `data` that a mirror keeps in step. */
export function* itemsOf(data: MetaData): Generator<Item> {
  for (const database of data.databases) yield* itemsOfDatabase(database);
  for (const user of data.users) yield* itemsOfUser(user);
}

/** The database and everything in it. */
export function* itemsOfDatabase(info: DatabaseInfo): Generator<Item> {
  const database = info.name;
  if (database === internalDatabase) return;
  yield { kind: 'database', database };
  for (const policy of info.retentionPolicies) yield* itemsOfPolicy(database, policy);
  for (const { name } of info.continuousQueries) yield { kind: 'continuousQuery', database, name };
}

/** The policy and everything in it. */
export function* itemsOfPolicy(database: string, info: RetentionPolicyInfo): Generator<Item> {
  const { name: policy, duration, subscriptions } = info;
  yield { kind: 'retentionPolicy', database, policy };
  yield { kind: 'retention', database, policy, duration };
  for (const { name } of subscriptions) yield { kind: 'subscription', database, policy, name };
}

/** The user and what is granted to it. */
export function* itemsOfUser({ name: user, privileges }: UserInfo): Generator<Item> {
  yield { kind: 'user', user };
  for (const [database, privilege] of privileges) {
    // A row without privileges is what REVOKE leaves; it means the same as no row.
    if (privilege !== 0 && database !== internalDatabase) yield { kind: 'grant', user, database };
  }
}

/** A text that is the same for the same item and for no other. */
export function keyOf(item: Item): string {
  switch (item.kind) {
    case 'database':
      return JSON.stringify([item.kind, item.database]);
    case 'retentionPolicy':
      return JSON.stringify([item.kind, item.database, item.policy]);
    case 'retention':
      return JSON.stringify([item.kind, item.database, item.policy, String(item.duration)]);
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

/** The keys of everything in `data`, computed once for each database and user that versions share. */
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
 * `item` in words, for people.
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
