import { equalMetadata } from '../../meta/equal-metadata.js';
import type { DatabaseInfo, MetaData, RetentionPolicyInfo } from '../../meta/records.js';
import type { Blame, Blamed } from './messages.js';

/** A kept version with its metadata. */
export interface Kept {
  readonly version: number;
  readonly data: MetaData;
}

/** For each item, the kept version that last touched it. @param kept newest first */
export const blameOf = (kept: readonly Kept[], items: readonly Blamed[]): readonly Blame[] => {
  const named = kept.map(({ version, data }) => ({ version, data, ...byName(data) }));
  return items.map((item) => {
    for (let at = 0; at + 1 < named.length; at++) {
      const [now, before] = [named[at], named[at + 1]];
      if (now !== undefined && before !== undefined && differs(now, before, item)) return now.version;
    }
    return 'older';
  });
};

type Named = ReturnType<typeof byName> & { readonly data: MetaData };

function byName({ databases, users }: MetaData) {
  return {
    databases: new Map(databases.map((each) => [each.name, each])),
    users: new Map(users.map((each) => [each.name, each])),
  };
}

function differs(now: Named, before: Named, { kind, name, database = name }: Blamed): boolean {
  if (kind === 'user') {
    const [a, b] = [now.users.get(name), before.users.get(name)];
    return (
      a !== b &&
      !(a && b && equalMetadata({ ...empty(now.data), users: [a] }, { ...empty(now.data), users: [b] }))
    );
  }
  const [a, b] = [now.databases.get(database), before.databases.get(database)];
  if (a === b) return false;
  if (kind === 'database') return !(a && b && equalDatabases(now.data, a, b));
  const [policy, earlier] = [policyOf(a, name), policyOf(b, name)];
  if (policy === earlier) return false;
  return !(a && policy && earlier && equalDatabases(now.data, withOnly(a, policy), withOnly(a, earlier)));
}

const policyOf = (database: DatabaseInfo | undefined, name: string) =>
  database?.retentionPolicies.find((each) => each.name === name);

const withOnly = (database: DatabaseInfo, policy: RetentionPolicyInfo): DatabaseInfo => ({
  ...database,
  retentionPolicies: [policy],
});

const empty = (data: MetaData): MetaData => ({ ...data, databases: [], users: [] });

const equalDatabases = (data: MetaData, a: DatabaseInfo, b: DatabaseInfo): boolean =>
  equalMetadata({ ...empty(data), databases: [a] }, { ...empty(data), databases: [b] });
