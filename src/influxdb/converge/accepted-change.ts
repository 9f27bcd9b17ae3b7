import type { MetaData } from '../../meta/records.js';
import type { DropOrder } from '../../protocol/drop-orders.js';
import type { Finding } from '../plan/plan.js';
import type { Action } from '../statements/action.js';
import { type Item, keyOf } from '../statements/item.js';
import type { Report } from './report.js';

/** A change that the cluster has just accepted, and that a server should have at once. */
export interface AcceptedChange {
  /** The item that changed, before those that it belongs to. */
  readonly items: readonly [Item, ...Item[]];
  /** The version that the cluster had then, or an earlier one. */
  readonly version: number;
  /** Whether it removes the item, with everything in it. */
  readonly isDrop: boolean;
  /** Returns whether this metadata of the cluster has the item. */
  readonly isIn: (data: MetaData) => boolean;
  /** Returns the change of a server that has the version before; `undefined` if InfluxQL cannot express it. */
  readonly actionIn: (data: MetaData) => Action | undefined;
  /** The password that the action sets. */
  readonly password?: string | undefined;
  /** The drop order that belongs to it: it is noted as carried out on this server, so that it is not carried out again later. */
  readonly order?: DropOrder | undefined;
}

/** Returns why the server of `report` does not have a change of these items; `undefined` if it does. */
export function findingOf(
  report: Report | undefined,
  { items }: { readonly items: readonly Item[] },
): Finding | undefined {
  const keys = new Set(items.map(keyOf));
  return [...(report?.refused ?? []), ...(report?.pending ?? [])].find(({ item }) => keys.has(keyOf(item)));
}

/**
 * Returns whether two versions of the metadata differ only where `change` may have changed them. Versions share the records of unchanged
 * databases and users, so records are compared by identity.
 */
export function differsOnlyBy({ items, isDrop }: AcceptedChange, before: MetaData, after: MetaData): boolean {
  const [item] = items;
  const database = item.kind === 'user' || item.kind === 'grant' ? undefined : item.database;
  const user = 'user' in item ? item.user : undefined;
  // A database is dropped with all privileges on it.
  const changesUsers = isDrop && item.kind === 'database';
  return (
    isSameList(before.databases, after.databases, database) &&
    (changesUsers || isSameList(before.users, after.users, user))
  );
}

type Named = { readonly name: string };

/** Whether both lists have the same records in the same order, apart from those named `except`. */
function isSameList(before: readonly Named[], after: readonly Named[], except: string | undefined): boolean {
  let [left, right] = [0, 0];
  for (;;) {
    while (before[left] !== undefined && before[left]?.name === except) left += 1;
    while (after[right] !== undefined && after[right]?.name === except) right += 1;
    if (before[left] !== after[right]) return false;
    if (before[left] === undefined) return true;
    left += 1;
    right += 1;
  }
}
