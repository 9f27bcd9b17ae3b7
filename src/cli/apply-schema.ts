import { CfluxError } from '../errors.js';
import { sameQueryText } from '../influxql/index.js';
import { inheritUnknownPrivilegeFields } from '../meta/codec/privilege-fields.js';
import type { LocalMetaClient } from '../meta/local-meta-client.js';
import { findByName } from '../meta/named-list.js';
import type { DatabaseInfo, MetaData, RetentionPolicyInfo, UserInfo } from '../meta/records.js';
import type { DeclaredPassword, DeclaredSchema } from './declared-schema.js';

/** What to remove if it is not in the file. */
export interface Prune {
  /** Whether to remove policies, queries and subscriptions of the file's databases, and grants of its users. */
  readonly parts: boolean;
  readonly databases: boolean;
  readonly users: boolean;
}

/**
 * Changes `meta` so that it matches `schema`. Items that are not in the file are kept unless `prune` includes them. Shard groups and
 * the counters of their ids are always kept.
 *
 * @throws CfluxError `INVALID_OPTION` for a new user without a password.
 */
export async function applySchema(
  meta: LocalMetaClient,
  { data: wanted, passwords }: DeclaredSchema,
  prune: Prune,
): Promise<void> {
  const current = meta.data();
  const databases = merged(current.databases, wanted.databases, true, (mine, its) =>
    databaseOf(mine, its, prune.parts),
  );
  const hashes = await hashesFor(current, wanted, passwords);
  const users = merged(current.users, wanted.users, true, (mine, its) =>
    userOf(mine, { ...its, hash: hashes.get(its.name) ?? its.hash }, prune.parts),
  );
  await meta.setData({ ...current, databases, users });
  for (const { name } of prune.databases ? absent(current.databases, wanted.databases) : [])
    await meta.dropDatabase(name);
  for (const { name } of prune.users ? absent(current.users, wanted.users) : []) await meta.dropUser(name);
}

interface Named {
  readonly name: string;
}

/** Returns the items of `mine` that are not in `its`. */
export const absent = <T extends Named>(mine: readonly T[], its: readonly T[]): readonly T[] =>
  mine.filter(({ name }) => findByName(its, name) === undefined);

/** Returns `mine` in its order, updated from `its`, followed by the new items. */
function merged<T extends Named>(
  mine: readonly T[],
  its: readonly T[],
  keepsOthers: boolean,
  merge: (mine: T | undefined, its: T) => T,
): readonly T[] {
  const kept = mine.flatMap((one) => {
    const other = findByName(its, one.name);
    if (other !== undefined) return [merge(one, other)];
    return keepsOthers ? [one] : [];
  });
  return [...kept, ...absent(its, mine).map((one) => merge(undefined, one))];
}

function databaseOf(mine: DatabaseInfo | undefined, its: DatabaseInfo, prunes: boolean): DatabaseInfo {
  if (mine === undefined) return its;
  return {
    ...mine,
    defaultRetentionPolicy: its.defaultRetentionPolicy,
    retentionPolicies: merged(mine.retentionPolicies, its.retentionPolicies, !prunes, (one, other) =>
      policyOf(one, other, prunes),
    ),
    continuousQueries: merged(mine.continuousQueries, its.continuousQueries, !prunes, (one, other) =>
      one !== undefined && sameQueryText(one.query, other.query) ? one : other,
    ),
  };
}

function policyOf(
  mine: RetentionPolicyInfo | undefined,
  its: RetentionPolicyInfo,
  prunes: boolean,
): RetentionPolicyInfo {
  if (mine === undefined) return its;
  const { duration, replicaN, shardGroupDuration } = its;
  const subscriptions = merged(mine.subscriptions, its.subscriptions, !prunes, (_, other) => other);
  return { ...mine, duration, replicaN, shardGroupDuration, ...limitsOf(its), subscriptions };
}

/** The limits that a file states. Others are kept, because files from before InfluxDB 1.12 do not state any. */
function limitsOf({ futureWriteLimit, pastWriteLimit }: RetentionPolicyInfo) {
  return {
    ...(futureWriteLimit === undefined ? {} : { futureWriteLimit }),
    ...(pastWriteLimit === undefined ? {} : { pastWriteLimit }),
  };
}

function userOf(mine: UserInfo | undefined, its: UserInfo, prunes: boolean): UserInfo {
  if (mine === undefined) return its;
  const privileges = new Map([...(prunes ? [] : mine.privileges), ...its.privileges]);
  inheritUnknownPrivilegeFields(mine.privileges, privileges);
  return { ...mine, hash: its.hash, admin: its.admin, privileges };
}

/** Returns the hash of each user: the present one if the password is the same or not given. */
async function hashesFor(
  current: MetaData,
  wanted: MetaData,
  passwords: ReadonlyMap<string, DeclaredPassword>,
): Promise<ReadonlyMap<string, string>> {
  const hashes = new Map<string, string>();
  for (const { name } of wanted.users) {
    const present = findByName(current.users, name)?.hash;
    const declared = passwords.get(name);
    if (declared?.kind === 'given') {
      const { password } = declared;
      const isSame = present !== undefined && (await password.matches(present));
      hashes.set(name, isSame ? present : password.hash);
    } else if (present !== undefined) hashes.set(name, present);
    else throw withoutPassword(name, declared?.parameter ?? name);
  }
  return hashes;
}

const withoutPassword = (user: string, parameter: string) =>
  new CfluxError(
    'INVALID_OPTION',
    `cannot create user ${JSON.stringify(user)}: the parameter $${parameter} has no value; pass --param-env ${parameter}=VARIABLE`,
  );
