import { inheritUnknownPrivilegeFields } from '../codec/privilege-fields.js';
import { append, mapList, positionOf, removeAt } from '../named-list.js';
import { checkDatabaseName } from '../names.js';
import type { DatabaseInfo, MetaData, RetentionPolicySpec, UserInfo } from '../records.js';
import { retentionPolicyConflict, specRequired } from '../refusals.js';
import { findDatabase, withDatabase } from './database-lookup.js';
import { answer, commit, type Outcome } from './outcome.js';
import {
  addRetentionPolicy,
  checkRetention,
  defaultPolicyName,
  findDefaultingPolicy,
  matchesSpec,
  policyFromSpec,
} from './retention-policies.js';

function emptyDatabase(name: string): DatabaseInfo {
  checkDatabaseName(name);
  return { name, defaultRetentionPolicy: '', retentionPolicies: [], continuousQueries: [] };
}

/** Returns an existing database unchanged, without a commit. */
export function createDatabase(
  data: MetaData,
  name: string,
  { retentionAutoCreate }: { readonly retentionAutoCreate: boolean },
): Outcome<DatabaseInfo> {
  const existing = findDatabase(data, name);
  if (existing !== undefined) return answer(data, existing);
  const empty = emptyDatabase(name);
  const database = retentionAutoCreate ? addRetentionPolicy(empty, policyFromSpec({}), true) : empty;
  return commit(data, { databases: append(data.databases, database) }, database);
}

/** If the database exists and has policies, the spec must match its default policy. Commits even if nothing changes. */
export function createDatabaseWithRetentionPolicy(
  data: MetaData,
  name: string,
  spec: RetentionPolicySpec | undefined,
): Outcome<DatabaseInfo> {
  if (spec === undefined || spec === null)
    throw specRequired('CreateDatabaseWithRetentionPolicy called with nil spec');
  checkRetention(spec.duration);
  const existing = findDatabase(data, name);
  const database = existing ?? emptyDatabase(name);
  if (database.retentionPolicies.length === 0) {
    const completed = addRetentionPolicy(database, policyFromSpec(spec), true);
    const databases =
      existing === undefined ? append(data.databases, completed) : withDatabase(data, completed);
    return commit(data, { databases }, completed);
  }
  const policyName = spec.name || defaultPolicyName;
  const policy = findDefaultingPolicy(database, policyName);
  if (policy === undefined || !matchesSpec(policy, spec) || database.defaultRetentionPolicy !== policy.name) {
    throw retentionPolicyConflict();
  }
  return commit(data, {}, database);
}

/** Also removes the users' privileges on the database. Commits even if there is no such database. */
export function dropDatabase(data: MetaData, name: string): Outcome<undefined> {
  const position = positionOf(data.databases, name);
  if (position < 0) return commit(data, {});
  return commit(data, {
    databases: removeAt(data.databases, position),
    users: mapList(data.users, (user) => withoutPrivilege(user, name)),
  });
}

function withoutPrivilege(user: UserInfo, database: string): UserInfo {
  if (!user.privileges.has(database)) return user;
  const privileges = new Map(user.privileges);
  privileges.delete(database);
  inheritUnknownPrivilegeFields(user.privileges, privileges);
  return { ...user, privileges };
}
