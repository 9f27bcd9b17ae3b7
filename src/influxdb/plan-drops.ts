import type { DatabaseInfo, MetaData, RetentionPolicyInfo, UserInfo } from '../meta/records.js';
import type { Action } from './action.js';
import { type Draft, firstByName, type PlanInput } from './draft.js';
import { whyInexpressible } from './influxql.js';
import { describeItem, type Item, internalDatabase, itemsOf, keyOf } from './item.js';
import type { Ledger } from './ledger.js';
import type { Step } from './plan.js';
import { isEmpty, scaffoldPolicy } from './plan-databases.js';
import { whyKeptAdmin } from './plan-users.js';
import { keepsLess, valuesOf } from './policy-rules.js';

/**
 * What is on the server and not in the cluster: the steps that would take it away, where the ledger says that the cluster had
 * it and gave it up within its present history. Everything else is reported only.
 */
export function planDrops(input: PlanInput, draft: Draft): Step[] {
  const drops = new Drops(input, draft);
  const wanted = firstByName(input.wanted.databases);
  for (const here of firstByName(input.present.databases).values()) {
    if (here.name !== internalDatabase) dropsOfDatabase(wanted.get(here.name), here, drops);
  }
  const users = firstByName(input.wanted.users);
  for (const here of firstByName(input.present.users).values())
    dropsOfUser(users.get(here.name), here, drops);
  return drops.steps;
}

function dropsOfDatabase(wanted: DatabaseInfo | undefined, here: DatabaseInfo, drops: Drops): void {
  const database = here.name;
  if (wanted === undefined) {
    const inside = itemsOf({ ...nothing, databases: [here] });
    drops.consider({ kind: 'database', database }, { kind: 'dropDatabase', database }, inside);
    return;
  }
  const policies = firstByName(wanted.retentionPolicies);
  for (const policy of firstByName(here.retentionPolicies).values()) {
    dropsOfPolicy(database, policies.get(policy.name), policy, drops);
  }
  const queries = firstByName(wanted.continuousQueries);
  for (const { name } of here.continuousQueries) {
    if (queries.has(name)) continue;
    drops.consider(
      { kind: 'continuousQuery', database, name },
      { kind: 'dropContinuousQuery', database, name },
    );
  }
}

function dropsOfPolicy(
  database: string,
  wanted: RetentionPolicyInfo | undefined,
  here: RetentionPolicyInfo,
  drops: Drops,
): void {
  const policy = here.name;
  if (wanted === undefined) {
    // Taken away as soon as the database has been made, not as a drop.
    if (policy === scaffoldPolicy && isEmpty(here)) return;
    const database0 = {
      name: database,
      defaultRetentionPolicy: '',
      retentionPolicies: [here],
      continuousQueries: [],
    };
    const inside = [...itemsOf({ ...nothing, databases: [database0] })].filter(
      ({ kind }) => kind === 'subscription',
    );
    drops.consider(
      { kind: 'retentionPolicy', database, policy },
      { kind: 'dropRetentionPolicy', database, policy },
      inside,
    );
    return;
  }
  const { duration } = valuesOf(wanted);
  if (keepsLess(duration, here.duration)) {
    const item = { kind: 'retention', database, policy, duration: here.duration } as const;
    drops.consider(item, { kind: 'alterRetentionPolicy', database, policy, duration });
  }
  const subscriptions = firstByName(wanted.subscriptions);
  for (const { name } of here.subscriptions) {
    if (subscriptions.has(name)) continue;
    drops.consider(
      { kind: 'subscription', database, policy, name },
      { kind: 'dropSubscription', database, policy, name },
    );
  }
}

function dropsOfUser(wanted: UserInfo | undefined, here: UserInfo, drops: Drops): void {
  const user = here.name;
  if (wanted === undefined) {
    const inside = [...itemsOf({ ...nothing, users: [here] })].filter(({ kind }) => kind === 'grant');
    drops.consider({ kind: 'user', user }, { kind: 'dropUser', user }, inside);
    return;
  }
  for (const [database, privilege] of here.privileges) {
    if (privilege === 0 || database === internalDatabase || wanted.privileges.has(database)) continue;
    drops.consider({ kind: 'grant', user, database }, { kind: 'revoke', user, database });
  }
}

const nothing: MetaData = {
  term: 0n,
  index: 0n,
  clusterId: 0n,
  databases: [],
  users: [],
  maxNodeId: 0n,
  maxShardGroupId: 0n,
  maxShardId: 0n,
};

/** Sorts what the cluster does not have into drops, what is held, and what is only here. */
class Drops {
  readonly steps: Step[] = [];
  readonly #input: PlanInput;
  readonly #draft: Draft;
  readonly #admins: Set<string>;

  constructor(input: PlanInput, draft: Draft) {
    this.#input = input;
    this.#draft = draft;
    const demoted = new Set(
      draft.steps.flatMap(({ action }) => (action.kind === 'setAdmin' && !action.admin ? [action.user] : [])),
    );
    const admins = input.present.users.filter(({ name, admin }) => admin && !demoted.has(name));
    this.#admins = new Set(admins.map(({ name }) => name));
  }

  /** `inside` is what would go with it. */
  consider(item: Item, action: Action, inside: Iterable<Item> = []): void {
    const { ledger } = this.#input;
    const key = keyOf(item);
    const held = ledger.held.get(key);
    if (held !== undefined) {
      this.#draft.pending.push({ item, action, reason: `${held}: it is left to you to take it away` });
    } else if (ledger.current.has(key)) {
      const why = this.#whyKept(item, inside);
      if (why === undefined) this.steps.push({ item, action, reason: reasonOf(item) });
      else this.#draft.pending.push({ item, action, reason: why });
    } else if (item.kind === 'retention') {
      const reason =
        'this server keeps its points longer than the cluster does, and not by the word of the cluster';
      this.#draft.pending.push({ item, action, reason: `${reason}: it is left to you to shorten it` });
    } else {
      this.#draft.onlyHere.push(item);
    }
  }

  #whyKept(item: Item, inside: Iterable<Item>): string | undefined {
    const why = namesOf(item)
      .map(whyInexpressible)
      .find((reason) => reason !== undefined);
    if (why !== undefined) return why;
    if (item.kind === 'retentionPolicy' && item.policy === '')
      return 'InfluxQL takes an empty name for the default policy';
    for (const other of inside) {
      if (!isCurrent(other, this.#input.ledger))
        return `it holds something that was never the cluster's: ${describeItem(other)}`;
    }
    if (item.kind !== 'user') return undefined;
    const kept = whyKeptAdmin(item.user, this.#admins, this.#input.account);
    if (kept === undefined) this.#admins.delete(item.user);
    return kept;
  }
}

const isCurrent = (item: Item, ledger: Ledger) => ledger.current.has(keyOf(item));

function reasonOf(item: Item): string {
  return item.kind === 'retention'
    ? 'the cluster keeps its points for a shorter time now'
    : 'the cluster dropped it';
}

function namesOf(item: Item): string[] {
  return Object.values(item).filter((value) => typeof value === 'string');
}
