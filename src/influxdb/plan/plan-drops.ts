import type { DatabaseInfo, RetentionPolicyInfo, UserInfo } from '../../meta/records.js';
import {
  type Item,
  internalDatabase,
  itemsOfDatabase,
  itemsOfPolicy,
  itemsOfUser,
} from '../statements/item.js';
import { type Draft, firstByName, type PlanInput } from './draft.js';
import { Drops } from './drops.js';
import type { Step } from './plan.js';
import { isEmpty, scaffoldPolicy } from './plan-databases.js';
import { keepsLess, valuesOf } from './policy-rules.js';

/** Plans the drops of items that exist only on the server. Items that must stay are recorded in `draft`. */
export function planDrops(input: PlanInput, draft: Draft): Step[] {
  const drops = new Drops(input, draft);
  const databases = firstByName(input.wanted.databases);
  const present = firstByName(input.present.databases);
  for (const here of present.values()) {
    if (here.name !== internalDatabase) dropsOfDatabase(databases.get(here.name), here, drops);
  }
  const users = firstByName(input.wanted.users);
  for (const here of firstByName(input.present.users).values()) {
    const wanted = users.get(here.name);
    if (wanted === undefined) dropUser(here, drops);
    else dropsOfUser(wanted, here, databases, drops);
  }
  return drops.steps;
}

function dropsOfDatabase(wanted: DatabaseInfo | undefined, here: DatabaseInfo, drops: Drops): void {
  const database = here.name;
  if (wanted === undefined) {
    const inside = [...itemsOfDatabase(here)].filter((item) => !isScaffold(item, here));
    drops.consider({ kind: 'database', database }, { kind: 'dropDatabase', database }, inside);
    return;
  }
  const policies = firstByName(wanted.retentionPolicies);
  for (const policy of firstByName(here.retentionPolicies).values()) {
    const item = { kind: 'retentionPolicy', database, policy: policy.name } as const;
    const wantedPolicy = policies.get(policy.name);
    if (wantedPolicy !== undefined) dropsOfPolicy(database, wantedPolicy, policy, drops);
    // A scaffold is dropped as soon as the database exists, and does not count as a drop.
    else if (!isScaffold(item, here)) {
      drops.consider(item, { ...item, kind: 'dropRetentionPolicy' }, itemsOfPolicy(database, policy));
    }
  }
  const queries = firstByName(wanted.continuousQueries);
  for (const { name } of here.continuousQueries) {
    const item = { kind: 'continuousQuery', database, name } as const;
    if (!queries.has(name)) drops.consider(item, { ...item, kind: 'dropContinuousQuery' });
  }
}

function dropsOfPolicy(
  database: string,
  wanted: RetentionPolicyInfo,
  here: RetentionPolicyInfo,
  drops: Drops,
): void {
  const policy = here.name;
  const { duration } = valuesOf(wanted);
  if (keepsLess(duration, here.duration)) {
    const item = { kind: 'retention', database, policy, duration: here.duration } as const;
    drops.consider(item, { kind: 'alterRetentionPolicy', database, policy, duration });
  }
  const subscriptions = firstByName(wanted.subscriptions);
  for (const { name } of here.subscriptions) {
    const item = { kind: 'subscription', database, policy, name } as const;
    if (!subscriptions.has(name)) drops.consider(item, { ...item, kind: 'dropSubscription' });
  }
}

function dropUser(here: UserInfo, drops: Drops): void {
  const user = here.name;
  drops.consider({ kind: 'user', user }, { kind: 'dropUser', user }, itemsOfUser(here));
}

function dropsOfUser(
  wanted: UserInfo,
  here: UserInfo,
  databases: ReadonlyMap<string, DatabaseInfo>,
  drops: Drops,
): void {
  for (const item of itemsOfUser(here)) {
    if (item.kind !== 'grant' || wanted.privileges.has(item.database)) continue;
    if (databases.has(item.database)) drops.consider(item, { ...item, kind: 'revoke' });
    // A privilege on a dropped database is removed with that database.
    else drops.noteIfUnmanaged(item);
  }
}

export function isScaffold(item: Item, database: DatabaseInfo): boolean {
  if (!('policy' in item) || item.policy !== scaffoldPolicy) return false;
  return database.retentionPolicies.every((policy) => policy.name !== scaffoldPolicy || isEmpty(policy));
}
