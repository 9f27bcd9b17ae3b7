import { createHash } from 'node:crypto';
import type { Action } from '../statements/action.js';
import { influxqlOf } from '../statements/statement.js';
import { Draft, type PlanInput } from './draft.js';
import type { Plan, Step } from './plan.js';
import { planDatabases } from './plan-databases.js';
import { planDrops } from './plan-drops.js';
import { planContinuousQueries, planSubscriptions } from './plan-queries.js';
import { planUsers } from './plan-users.js';

/**
 * Plans the steps from a server's present metadata to the cluster's. A pure function; the plan of a server in sync has no steps.
 * Shard groups, shard ids and `_internal` are ignored.
 */
export function makePlan(input: PlanInput): Plan {
  const draft = new Draft();
  const databases = planDatabases(input, draft);
  for (const [wanted, here] of databases) {
    planContinuousQueries(wanted, here, input, draft);
    planSubscriptions(wanted, here, draft);
  }
  planUsers(input, new Set([...databases.keys()].map(({ name }) => name)), draft);
  const planned = planDrops(input, draft);
  const drops = inOrder(onlyKnown(planned, input, draft));
  const steps = inOrder(onlyKnown(draft.steps, input, draft));
  const { refused, pending, unmanaged, unverified, inSync } = draft;
  const plan = { refused, unmanaged, local: [], unverified, inSync };

  if (input.drops === 'report') {
    const waiting = drops.map((drop) => ({
      ...drop,
      reason: `${drop.reason}; drops are only reported on this server`,
    }));
    return { ...plan, steps, drops: 0, pending: [...pending, ...waiting] };
  }
  const confirmation = confirmationOf(drops, input);
  if (drops.length > input.maxDrops && input.confirmed !== confirmation) {
    const waiting = drops.map((drop) => ({
      ...drop,
      reason: `${drop.reason}; ${drops.length} drops at once need the confirmation ${confirmation}`,
    }));
    const confirmable = [{ confirmation, drops }];
    return { ...plan, steps, drops: 0, pending: [...pending, ...waiting], confirmation, confirmable };
  }
  return { ...plan, steps: [...steps, ...drops], drops: drops.length, pending };
}

/** Returns the steps whose item, and what would be dropped with it, was read; the others are recorded as pending. */
function onlyKnown(steps: readonly Step[], { unread }: PlanInput, draft: Draft): readonly Step[] {
  if (unread === undefined || unread.failures.length === 0) return steps;
  return steps.filter((step) => {
    const { item, action } = step;
    const drops = action.kind.startsWith('drop');
    const reason = unread.whyHidden(item) ?? (drops ? unread.whyUnknownInside(item) : undefined);
    if (reason !== undefined) draft.pending.push({ item, action, reason });
    return reason === undefined;
  });
}

/** Items come after those that they depend on; among drops, children come before their parent. */
const order: Record<Action['kind'], number> = {
  createDatabase: 0,
  createRetentionPolicy: 1,
  alterRetentionPolicy: 1,
  dropScaffold: 3,
  createContinuousQuery: 4,
  replaceContinuousQuery: 4,
  createSubscription: 4,
  replaceSubscription: 4,
  createUser: 5,
  setPassword: 5,
  setAdmin: 5,
  grant: 6,
  revoke: 6,
  dropSubscription: 7,
  dropContinuousQuery: 7,
  dropRetentionPolicy: 8,
  dropDatabase: 9,
  dropUser: 10,
};

function rank(action: Action): number {
  const setsDefault = action.kind === 'alterRetentionPolicy' && action.makeDefault === true;
  // The first user of a server that requires authentication must be an administrator.
  const isLesserUser = action.kind === 'createUser' && !action.admin;
  return order[action.kind] + (setsDefault ? 1 : 0) + (isLesserUser ? 0.5 : 0);
}

const inOrder = (steps: readonly Step[]) =>
  [...steps].sort((one, other) => rank(one.action) - rank(other.action));

/** Returns the id of exactly these drops in this history of the cluster. */
function confirmationOf(drops: readonly Step[], { ledger }: PlanInput): string {
  const { clusterId, epoch } = ledger.origin;
  const statements = drops.flatMap(({ action }) => influxqlOf(action)).sort();
  const hash = createHash('sha256').update(JSON.stringify([String(clusterId), epoch ?? null, statements]));
  return hash.digest('hex').slice(0, 16);
}
