import type { Ledger } from '../ledger/ledger.js';
import type { Plan } from '../plan/plan.js';
import { influxqlOf } from '../statements/statement.js';

/** Returns the ledger with the drops that `cflux confirm-drops` may confirm; the same one if they did not change. */
export function withConfirmable(ledger: Ledger, { confirmable = [] }: Plan): Ledger {
  const entries = confirmable.map(
    ({ confirmation, drops }) => [confirmation, drops.flatMap(({ action }) => influxqlOf(action))] as const,
  );
  if (JSON.stringify(entries) === JSON.stringify([...ledger.confirmable])) return ledger;
  return { ...ledger, confirmable: new Map(entries) };
}
