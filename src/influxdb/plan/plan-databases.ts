import type { DatabaseInfo, RetentionPolicyInfo } from '../../meta/records.js';
import type { PolicyValues } from '../statements/action.js';
import { whyInexpressible } from '../statements/influxql.js';
import { internalDatabase } from '../statements/item.js';
import { type Draft, firstByName, type PlanInput } from './draft.js';
import { limitsToChange, limitsToCreate } from './plan-write-limits.js';
import { keepsLess, valuesOf, whyInvalidName, whyInvalidPolicy } from './policy-rules.js';

/**
 * Name of the policy with which a database is created that has no default policy in the cluster. CREATE DATABASE always creates a
 * policy, and one with a unique name can be dropped again without deleting points.
 */
export const scaffoldPolicy = 'cflux-none';

const scaffold: PolicyValues = {
  name: scaffoldPolicy,
  replicaN: 1,
  duration: 0n,
  shardGroupDuration: 604_800_000_000_000n,
};

/** Plans databases with their policies and defaults. Returns the resulting databases, wanted and present. */
export function planDatabases(input: PlanInput, draft: Draft): Map<DatabaseInfo, DatabaseInfo | undefined> {
  const pairs = new Map<DatabaseInfo, DatabaseInfo | undefined>();
  const present = firstByName(input.present.databases);
  for (const [database, wanted] of firstByName(input.wanted.databases)) {
    if (database === internalDatabase) continue;
    const here = present.get(database);
    const why = here === undefined ? whyInvalidName(database) : whyInexpressible(database);
    if (why !== undefined) {
      draft.refuse({ kind: 'database', database }, why);
      continue;
    }
    pairs.set(wanted, here);
    if (here === undefined) createDatabase(wanted, input, draft);
    else alterDatabase(wanted, here, input, draft);
  }
  return pairs;
}

function createDatabase(wanted: DatabaseInfo, input: PlanInput, draft: Draft): void {
  const database = wanted.name;
  const policies = firstByName(wanted.retentionPolicies);
  const standard = usableDefault(wanted, policies, input, draft) ?? scaffold;
  draft.do({ kind: 'database', database }, { kind: 'createDatabase', database, policy: standard }, 'missing');
  for (const policy of policies.values()) {
    if (policy.name !== standard.name) createPolicy(database, policy, false, input, draft);
  }
  if (standard === scaffold && !policies.has(scaffoldPolicy)) dropScaffold(database, draft);
}

function alterDatabase(wanted: DatabaseInfo, here: DatabaseInfo, input: PlanInput, draft: Draft): void {
  const database = wanted.name;
  draft.inSync += 1;
  const policies = firstByName(wanted.retentionPolicies);
  const present = firstByName(here.retentionPolicies);
  for (const policy of policies.values()) {
    const existing = present.get(policy.name);
    const makeDefault = policy.name === wanted.defaultRetentionPolicy;
    if (existing === undefined) createPolicy(database, policy, makeDefault, input, draft);
    else alterPolicy(database, policy, existing, input, draft);
  }
  if (wanted.defaultRetentionPolicy !== here.defaultRetentionPolicy) {
    alterDefault(wanted, here, draft);
  }
  const leftover = policies.has(scaffoldPolicy) ? undefined : present.get(scaffoldPolicy);
  if (leftover !== undefined && isEmpty(leftover)) dropScaffold(database, draft);
}

function alterDefault(wanted: DatabaseInfo, here: DatabaseInfo, draft: Draft): void {
  const database = wanted.name;
  const before = here.defaultRetentionPolicy;
  const find = (list: readonly RetentionPolicyInfo[], name: string) =>
    list.find((policy) => policy.name === name);
  const standard = find(wanted.retentionPolicies, wanted.defaultRetentionPolicy);
  const exists = (name: string) => find(here.retentionPolicies, name) !== undefined;
  if (standard === undefined) {
    // A name without a policy is as good as no default; one that the cluster does not have either is not its business.
    if (!exists(before) || find(wanted.retentionPolicies, before) === undefined) return;
    const item = { kind: 'retentionPolicy', database, policy: before } as const;
    draft.refuse(item, 'is the default, but the cluster has none: InfluxQL cannot remove a default');
  } else if (exists(standard.name) && whyInvalidPolicy(valuesOf(standard)) === undefined) {
    const policy = standard.name;
    draft.do(
      { kind: 'retentionPolicy', database, policy },
      { kind: 'alterRetentionPolicy', database, policy, makeDefault: true },
      `is not the default; ${JSON.stringify(before)} is`,
    );
  }
}

/** Returns whether nothing known is stored in a policy or depends on it. */
export const isEmpty = ({ shardGroups, subscriptions }: RetentionPolicyInfo) =>
  shardGroups.length === 0 && subscriptions.length === 0;

function usableDefault(
  database: DatabaseInfo,
  policies: ReadonlyMap<string, RetentionPolicyInfo>,
  input: PlanInput,
  draft: Draft,
): PolicyValues | undefined {
  const policy = policies.get(database.defaultRetentionPolicy);
  if (policy === undefined) return undefined;
  const values = valuesOf(policy);
  if (whyInvalidPolicy(values) !== undefined) return undefined;
  return { ...values, ...limitsToCreate(database.name, policy, input, draft) };
}

function createPolicy(
  database: string,
  wanted: RetentionPolicyInfo,
  makeDefault: boolean,
  input: PlanInput,
  draft: Draft,
): void {
  const item = { kind: 'retentionPolicy', database, policy: wanted.name } as const;
  const values = valuesOf(wanted);
  const why = whyInvalidPolicy(values);
  if (why !== undefined) {
    draft.refuse(item, why);
    return;
  }
  const policy = { ...values, ...limitsToCreate(database, wanted, input, draft) };
  draft.do(item, { kind: 'createRetentionPolicy', database, policy, makeDefault }, 'missing');
}

function alterPolicy(
  database: string,
  wanted: RetentionPolicyInfo,
  here: RetentionPolicyInfo,
  input: PlanInput,
  draft: Draft,
): void {
  const policy = valuesOf(wanted);
  const item = { kind: 'retentionPolicy', database, policy: policy.name } as const;
  const { duration, replicaN, shardGroupDuration } = policy;
  const limits = limitsToChange(database, wanted, here, input, draft);
  const isSame =
    duration === here.duration &&
    replicaN === here.replicaN &&
    shardGroupDuration === here.shardGroupDuration &&
    Object.keys(limits).length === 0;
  if (isSame) {
    draft.inSync += 1;
    return;
  }
  // What keeps less is planned among the drops, for it destroys points.
  const shortens = keepsLess(duration, here.duration);
  const changes = {
    ...(duration !== here.duration && !shortens ? { duration } : {}),
    ...(replicaN !== here.replicaN ? { replicaN } : {}),
    ...(shardGroupDuration !== here.shardGroupDuration ? { shardGroupDuration } : {}),
    ...limits,
  };
  const names = Object.keys(changes);
  if (names.length === 0) return;
  const why = whyInvalidPolicy(policy);
  if (why !== undefined) draft.refuse(item, why);
  else
    draft.do(
      item,
      { kind: 'alterRetentionPolicy', database, policy: policy.name, ...changes },
      `differs in ${names.join(', ')}`,
    );
}

function dropScaffold(database: string, draft: Draft): void {
  draft.do(
    { kind: 'retentionPolicy', database, policy: scaffoldPolicy },
    { kind: 'dropScaffold', database, policy: scaffoldPolicy },
    'made by the mirror so that the database can have no default policy',
  );
}
