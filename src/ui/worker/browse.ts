import { formatDuration } from '../../meta/durations.js';
import { type MetaData, Privilege, type UserInfo } from '../../meta/records.js';
import type { Calls, DatabaseColumns, DatabaseDetails, UsersPage } from './messages.js';

type Request<Name extends keyof Calls> = Calls[Name]['request'];

const matching = <T extends { readonly name: string }>(list: readonly T[], find: string): readonly T[] => {
  const wanted = find.toLowerCase();
  return wanted === '' ? list : list.filter(({ name }) => name.toLowerCase().includes(wanted));
};

export function databasesOf({ databases }: MetaData): DatabaseColumns {
  const policyNames = [...new Set(databases.map(({ defaultRetentionPolicy }) => defaultRetentionPolicy))];
  const place = new Map(policyNames.map((name, at) => [name, at]));
  return {
    names: databases.map(({ name }) => name),
    policyNames,
    defaultPolicies: Uint32Array.from(databases, (each) => place.get(each.defaultRetentionPolicy) ?? 0),
    policies: Uint32Array.from(databases, ({ retentionPolicies }) => retentionPolicies.length),
    queries: Uint32Array.from(databases, ({ continuousQueries }) => continuousQueries.length),
  };
}

export function databaseOf(data: MetaData, { name }: Request<'database'>): DatabaseDetails | undefined {
  const database = data.databases.find((each) => each.name === name);
  if (database === undefined) return undefined;
  return {
    name,
    policies: database.retentionPolicies.map((policy) => ({
      name: policy.name,
      isDefault: policy.name === database.defaultRetentionPolicy,
      duration: policy.duration === 0n ? 'for ever' : formatDuration(policy.duration),
      shardDuration: formatDuration(policy.shardGroupDuration),
      shardGroups: policy.shardGroups.filter(({ deletedAt }) => deletedAt === undefined).length,
      subscriptions: policy.subscriptions.map((each) => ({
        name: each.name,
        mode: each.mode,
        destinations: [...each.destinations],
      })),
    })),
    queries: database.continuousQueries.map((each) => ({ name: each.name, query: each.query })),
  };
}

/** Columns of the matrix at a time. */
const mostColumns = 8;

export function usersOf(data: MetaData, { find, offset, limit, columns }: Request<'users'>): UsersPage {
  const found = matching(data.users, find);
  const databases = matching(data.databases, columns);
  const shown = databases.slice(0, mostColumns).map(({ name }) => name);
  return {
    total: data.users.length,
    matching: found.length,
    columns: shown,
    matchingColumns: databases.length,
    rows: found.slice(offset, offset + limit).map((user) => ({
      name: user.name,
      admin: user.admin,
      rights: shown.map((database) => rightOn(user, database)),
    })),
  };
}

const words: ReadonlyMap<number, string> = new Map([
  [Privilege.None, 'none'],
  [Privilege.Read, 'read'],
  [Privilege.Write, 'write'],
  [Privilege.All, 'all'],
]);

/** What a user may effectively do in a database. */
function rightOn({ admin, privileges }: UserInfo, database: string): string {
  if (admin) return 'all';
  const privilege = privileges.get(database) ?? Privilege.None;
  return words.get(privilege) ?? String(privilege);
}
