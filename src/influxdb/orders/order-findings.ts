import type { MetaData } from '../../meta/records.js';
import { isThere } from '../../protocol/revoked-orders.js';
import { confirmationOf, type KeptOrder } from '../ledger/kept-orders.js';
import type { Ledger } from '../ledger/ledger.js';
import { whyUnsayable } from '../plan/drops.js';
import type { Confirmable, Finding, Plan } from '../plan/plan.js';
import { keyOf } from '../statements/item.js';
import { actionOf, itemOf } from './ordered-item.js';

/** Both sides of a convergence, and what is known of them. */
export interface OrderFindingsInput {
  readonly ledger: Ledger;
  readonly wanted: MetaData;
  readonly present: MetaData;
  readonly drops: 'report' | 'apply';
}

/**
 * Returns `plan` with the orders that were not carried out and whose item is on the server. If the cluster lacks the item, the plan has it
 * as a drop already; if the cluster has it again, only a confirmation for this server drops it.
 */
export function withOrderFindings(plan: Plan, input: OrderFindingsInput): Plan {
  const { ledger, wanted, present, drops } = input;
  const pending: Finding[] = [];
  const confirmable: Confirmable[] = [...(plan.confirmable ?? [])];
  for (const order of ledger.orders.kept) {
    if (!isThere(present, order)) continue;
    if (order.state === 'elsewhere') pending.push(findingOf(order, 'is not for this server'));
    if (order.state !== 'left' || !isThere(wanted, order)) continue;
    if (drops === 'report' || whyUnsayable(itemOf(order)) !== undefined) {
      pending.push(findingOf(order, 'was not carried out'));
      continue;
    }
    const confirmation = confirmationOf(order, ledger.origin.clusterId);
    const finding = findingOf(
      order,
      'was not carried out',
      `; the cluster has it again: only the confirmation ${confirmation} drops it here`,
    );
    pending.push({ ...finding, action: actionOf(order) });
    const { item, reason } = finding;
    confirmable.push({ confirmation, drops: [{ item, reason, action: actionOf(order) }] });
  }
  if (pending.length === 0) return plan;
  const added = new Set(pending.map(({ item }) => keyOf(item)));
  return {
    ...plan,
    pending: [...plan.pending, ...pending],
    // An order is reported once, with its reason.
    unmanaged: plan.unmanaged.filter((item) => !added.has(keyOf(item))),
    ...(confirmable.length === 0 ? {} : { confirmable }),
  };
}

function findingOf(order: KeptOrder, what: string, more = ''): Finding {
  const { version, reason = '' } = order;
  return { item: itemOf(order), reason: `the drop order of version ${version} ${what}: ${reason}${more}` };
}
