import type { DatabaseInfo, RetentionPolicyInfo } from '../meta/records.js';
import type { PolicyValues } from './action.js';
import { type Draft, firstByName, type PlanInput } from './draft.js';
import { whyInexpressible } from './influxql.js';
import { internalDatabase } from './item.js';
import { keepsLess, valuesOf, whyInvalidName, whyInvalidPolicy } from './policy-rules.js';

/**
 * Name of the policy with which a database is made that has no default policy in the cluster. CREATE DATABASE always makes
 * one, and a name that nobody else uses can be dropped again without touching anyone's points.
 */
export const scaffoldPolicy = 'cflux-none';

const scaffold: PolicyValues = {
  name: scaffoldPolicy,
  replicaN: 1,
  duration: 0n,
  shardGroupDuration: 604_800_000_000_000n,
};

/** Plans databases with their policies and defaults. Returns the databases that there will be, wanted beside present. */
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
    if (here === undefined) createDatabase(wanted, draft);
    else alterDatabase(wanted, here, draft);
  }
  return pairs;
}

function createDatabase(wanted: DatabaseInfo, draft: Draft): void {
  const database = wanted.name;
  const policies = firstByName(wanted.retentionPolicies);
  const standard = usableDefault(wanted, policies) ?? scaffold;
  draft.do({ kind: 'database', database }, { kind: 'createDatabase', database, policy: standard }, 'missing');
  for (const policy of policies.values()) {
    if (policy.name !== standard.name) createPolicy(database, valuesOf(policy), false, draft);
  }
  if (standard === scaffold && !policies.has(scaffoldPolicy)) dropScaffold(database, draft);
}

function alterDatabase(wanted: DatabaseInfo, here: DatabaseInfo, draft: Draft): void {
  const database = wanted.name;
  draft.alreadySo += 1;
  const policies = firstByName(wanted.retentionPolicies);
  const present = firstByName(here.retentionPolicies);
  const standard = usableDefault(wanted, policies)?.name;
  for (const policy of policies.values()) {
    const values = valuesOf(policy);
    const existing = present.get(policy.name);
    if (existing === undefined) createPolicy(database, values, values.name === standard, draft);
    else alterPolicy(database, values, existing, draft);
  }
  if (standard !== undefined && standard !== here.defaultRetentionPolicy && present.has(standard)) {
    draft.do(
      { kind: 'retentionPolicy', database, policy: standard },
      { kind: 'alterRetentionPolicy', database, policy: standard, makeDefault: true },
      `is not the default; ${JSON.stringify(here.defaultRetentionPolicy)} is`,
    );
  }
  const defaultHere = here.defaultRetentionPolicy;
  if (standard === undefined && policies.has(defaultHere) && present.has(defaultHere)) {
    draft.refuse(
      { kind: 'retentionPolicy', database, policy: defaultHere },
      'is the default, where the cluster has none: InfluxQL cannot take a default away',
    );
  }
  const leftover = policies.has(scaffoldPolicy) ? undefined : present.get(scaffoldPolicy);
  if (leftover !== undefined && isEmpty(leftover)) dropScaffold(database, draft);
}

/** Whether nothing is stored in a policy or hangs on it, as far as was read. */
export const isEmpty = ({ shardGroups, subscriptions }: RetentionPolicyInfo) =>
  shardGroups.length === 0 && subscriptions.length === 0;

function usableDefault(
  database: DatabaseInfo,
  policies: ReadonlyMap<string, RetentionPolicyInfo>,
): PolicyValues | undefined {
  const policy = policies.get(database.defaultRetentionPolicy);
  if (policy === undefined) return undefined;
  const values = valuesOf(policy);
  return whyInvalidPolicy(values) === undefined ? values : undefined;
}

function createPolicy(database: string, policy: PolicyValues, makeDefault: boolean, draft: Draft): void {
  const item = { kind: 'retentionPolicy', database, policy: policy.name } as const;
  const why = whyInvalidPolicy(policy);
  if (why !== undefined) draft.refuse(item, why);
  else draft.do(item, { kind: 'createRetentionPolicy', database, policy, makeDefault }, 'missing');
}

function alterPolicy(database: string, policy: PolicyValues, here: RetentionPolicyInfo, draft: Draft): void {
  const item = { kind: 'retentionPolicy', database, policy: policy.name } as const;
  const { duration, replicaN, shardGroupDuration } = policy;
  // What keeps less is planned among the drops, for it destroys points.
  const shortens = keepsLess(duration, here.duration);
  const changes = {
    ...(duration !== here.duration && !shortens ? { duration } : {}),
    ...(replicaN !== here.replicaN ? { replicaN } : {}),
    ...(shardGroupDuration !== here.shardGroupDuration ? { shardGroupDuration } : {}),
  };
  const names = Object.keys(changes);
  if (names.length === 0) {
    if (!shortens) draft.alreadySo += 1;
    return;
  }
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
