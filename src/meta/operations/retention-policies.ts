import { checkInt64, checkInteger } from '../arguments.js';
import { hour, normalizeShardGroupDuration, toNanoseconds } from '../durations.js';
import { append, findByName, positionOf, removeAt, replaceAt } from '../named-list.js';
import { checkNameLength } from '../names.js';
import type {
  DatabaseInfo,
  DurationArgument,
  MetaData,
  RetentionPolicyInfo,
  RetentionPolicySpec,
  RetentionPolicyUpdate,
} from '../records.js';
import {
  durationTooLow,
  incompatibleDurations,
  negativeWriteLimit,
  replicationFactorTooLow,
  retentionPolicyConflict,
  retentionPolicyExists,
  retentionPolicyNameExists,
  retentionPolicyNotFound,
  specRequired,
} from '../refusals.js';
import { findDatabase, requireDatabase, withDatabase } from './database-lookup.js';
import { commit, type Outcome } from './outcome.js';

/** The default name of a policy. */
export const defaultPolicyName = 'autogen';

function durationArgument(name: string, duration: DurationArgument | undefined): bigint | undefined {
  return duration === undefined ? undefined : checkInt64(name, toNanoseconds(duration));
}

/** Returns the policy with exactly this name; `''` is a name like any other. @throws CfluxError `RETENTION_POLICY_NOT_FOUND` */
export function requirePolicy(database: DatabaseInfo, name: string): RetentionPolicyInfo {
  const policy = findByName(database.retentionPolicies, name);
  if (policy === undefined) throw retentionPolicyNotFound(name);
  return policy;
}

/** Returns the policy with this name; `''` selects the database's default policy (which may not exist). */
export function findDefaultingPolicy(database: DatabaseInfo, name: string): RetentionPolicyInfo | undefined {
  const wanted = name === '' ? database.defaultRetentionPolicy : name;
  return wanted === '' ? undefined : findByName(database.retentionPolicies, wanted);
}

/** Returns `database` with `changed` in place of `policy`. */
export function withPolicy(
  database: DatabaseInfo,
  policy: RetentionPolicyInfo,
  changed: RetentionPolicyInfo,
  defaultRetentionPolicy = database.defaultRetentionPolicy,
): DatabaseInfo {
  const { retentionPolicies } = database;
  return {
    ...database,
    defaultRetentionPolicy,
    retentionPolicies: replaceAt(retentionPolicies, positionOf(retentionPolicies, policy.name), changed),
  };
}

/** Refuses a specified retention that is too short; 0 is unlimited. */
export function checkRetention(duration: DurationArgument | undefined): void {
  const retention = durationArgument('duration', duration);
  if (retention !== undefined && retention !== 0n && retention < hour) throw durationTooLow();
}

/** The write limits of a spec or update that are given. */
type WriteLimits = Pick<RetentionPolicyInfo, 'futureWriteLimit' | 'pastWriteLimit'>;

/** Returns the given write limits in nanoseconds; omitted ones are absent. @throws CfluxError `NEGATIVE_WRITE_LIMIT` */
function writeLimitsOf(given: Pick<RetentionPolicySpec, keyof WriteLimits>): WriteLimits {
  const futureWriteLimit = durationArgument('futureWriteLimit', given.futureWriteLimit);
  const pastWriteLimit = durationArgument('pastWriteLimit', given.pastWriteLimit);
  if ((futureWriteLimit ?? 0n) < 0n || (pastWriteLimit ?? 0n) < 0n) throw negativeWriteLimit();
  return {
    ...(futureWriteLimit === undefined ? {} : { futureWriteLimit }),
    ...(pastWriteLimit === undefined ? {} : { pastWriteLimit }),
  };
}

/** Returns whether `policy` has the `given` write limits; omitted ones are not compared, and an unstated one is no limit. */
function hasLimits(policy: WriteLimits, given: WriteLimits): boolean {
  const isSame = (name: keyof WriteLimits) =>
    given[name] === undefined || given[name] === (policy[name] ?? 0n);
  return isSame('futureWriteLimit') && isSame('pastWriteLimit');
}

/** Returns the policy that a spec describes, after all of InfluxDB's checks that do not depend on the database. */
export function policyFromSpec(spec: RetentionPolicySpec): RetentionPolicyInfo {
  checkRetention(spec.duration);
  const name = spec.name || defaultPolicyName;
  checkNameLength(name);
  const replicaN = checkInteger('replicaN', spec.replicaN ?? 1);
  if (replicaN < 1) throw replicationFactorTooLow();
  const duration = durationArgument('duration', spec.duration) ?? 0n;
  const chosen = durationArgument('shardGroupDuration', spec.shardGroupDuration) ?? 0n;
  const shardGroupDuration = normalizeShardGroupDuration(chosen, duration);
  if (duration > 0n && duration < shardGroupDuration) throw incompatibleDurations();
  const limits = writeLimitsOf(spec);
  return { name, replicaN, duration, shardGroupDuration, ...limits, shardGroups: [], subscriptions: [] };
}

/** Returns whether `policy` matches `spec`; omitted fields are not compared, except the duration of shard groups. */
export function matchesSpec(policy: RetentionPolicyInfo, spec: RetentionPolicySpec): boolean {
  const duration = durationArgument('duration', spec.duration) ?? policy.duration;
  const chosen = durationArgument('shardGroupDuration', spec.shardGroupDuration) ?? 0n;
  return (
    duration === policy.duration &&
    (spec.replicaN ?? policy.replicaN) === policy.replicaN &&
    hasLimits(policy, writeLimitsOf(spec)) &&
    // Uses the policy's own duration: so a spec without durations matches a policy of any duration with the default shard groups.
    normalizeShardGroupDuration(chosen, policy.duration) === policy.shardGroupDuration
  );
}

/** Returns the database with `policy` added; the same object if it has exactly this policy already. */
export function addRetentionPolicy(
  database: DatabaseInfo,
  policy: RetentionPolicyInfo,
  makeDefault: boolean,
): DatabaseInfo {
  const existing = findDefaultingPolicy(database, policy.name);
  if (existing !== undefined) {
    if (
      existing.replicaN !== policy.replicaN ||
      existing.duration !== policy.duration ||
      existing.shardGroupDuration !== policy.shardGroupDuration ||
      !hasLimits(existing, policy)
    ) {
      throw retentionPolicyExists();
    }
    if (makeDefault && database.defaultRetentionPolicy !== policy.name) throw retentionPolicyConflict();
    return database;
  }
  return {
    ...database,
    defaultRetentionPolicy: makeDefault ? policy.name : database.defaultRetentionPolicy,
    retentionPolicies: append(database.retentionPolicies, policy),
  };
}

/** Returns the policy of the spec, not the stored one. Commits even if it exists already. */
export function createRetentionPolicy(
  data: MetaData,
  databaseName: string,
  spec: RetentionPolicySpec | undefined,
  makeDefault: boolean,
): Outcome<RetentionPolicyInfo> {
  if (spec === undefined || spec === null) throw specRequired('retention policy required');
  const policy = policyFromSpec(spec);
  const database = requireDatabase(data, databaseName);
  const changed = addRetentionPolicy(database, policy, makeDefault);
  return commit(data, changed === database ? {} : { databases: withDatabase(data, changed) }, policy);
}

/**
 * Changes the fields in `update`. InfluxDB does not check a new name or number of replicas, and does not update the default when its
 * policy is renamed.
 */
export function updateRetentionPolicy(
  data: MetaData,
  databaseName: string,
  name: string,
  update: RetentionPolicyUpdate,
  makeDefault: boolean,
): Outcome<undefined> {
  const database = requireDatabase(data, databaseName);
  const policy = findDefaultingPolicy(database, name);
  if (policy === undefined) throw retentionPolicyNotFound(name);
  const newName = update.name ?? policy.name;
  if (
    update.name !== undefined &&
    update.name !== name &&
    findDefaultingPolicy(database, update.name) !== undefined
  ) {
    throw retentionPolicyNameExists();
  }
  checkRetention(update.duration);
  const newDuration = durationArgument('duration', update.duration);
  const newShardGroupDuration = durationArgument('shardGroupDuration', update.shardGroupDuration);
  const duration = newDuration ?? policy.duration;
  // Checked before it is normalized: a shard group duration of 0 is accepted.
  const chosen = newShardGroupDuration ?? policy.shardGroupDuration;
  const durationsGiven = newDuration !== undefined || newShardGroupDuration !== undefined;
  if (durationsGiven && duration > 0n && duration < chosen) throw incompatibleDurations();
  const limits = writeLimitsOf(update);
  const changed: RetentionPolicyInfo = {
    ...policy,
    name: newName,
    replicaN: checkInteger('replicaN', update.replicaN ?? policy.replicaN),
    duration,
    shardGroupDuration:
      newShardGroupDuration === undefined
        ? policy.shardGroupDuration
        : normalizeShardGroupDuration(newShardGroupDuration, duration),
    ...limits,
  };
  const changedDatabase = withPolicy(database, policy, changed, makeDefault ? newName : undefined);
  return commit(data, { databases: withDatabase(data, changedDatabase) });
}

/** The database's default stays, even if it refers to no policy any more. Never fails, always commits. */
export function dropRetentionPolicy(data: MetaData, databaseName: string, name: string): Outcome<undefined> {
  const database = findDatabase(data, databaseName);
  const position = database === undefined ? -1 : positionOf(database.retentionPolicies, name);
  if (database === undefined || position < 0) return commit(data, {});
  const changed = { ...database, retentionPolicies: removeAt(database.retentionPolicies, position) };
  return commit(data, { databases: withDatabase(data, changed) });
}
