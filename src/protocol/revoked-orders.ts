import type { MetaData } from '../meta/records.js';
import { type DropOrder, type DropsChange, fitsHeader, itemKey, type OrderedItem } from './drop-orders.js';

/** Returns whether the metadata contains what an order names. */
export function isThere({ databases }: MetaData, item: OrderedItem): boolean {
  const database = databases.find(({ name }) => name === item.database);
  if (database === undefined || item.kind === 'database') return database !== undefined;
  return database.retentionPolicies.some(({ name }) => name === item.policy);
}

/**
 * Returns what a rollback to `version` revokes: the orders after it for what it holds, so that servers that did not carry them out keep
 * their points. `undefined` if there are none. If their names do not fit into a push, it revokes all orders after `version`.
 *
 * @param orders of versions above `version`
 */
export function revocationOf(
  wanted: MetaData,
  version: number,
  orders: readonly DropOrder[],
): DropsChange | undefined {
  const items = new Map(
    orders.filter((order) => isThere(wanted, order)).map((order) => [itemKey(order), order]),
  );
  if (items.size === 0) return undefined;
  const named = { revoke: { above: version, items: [...items.values()] } };
  return fitsHeader(named) ? named : { revoke: { above: version } };
}
