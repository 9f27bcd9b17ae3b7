import type { MetaData } from '../../meta/records.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Unread } from '../read/unread.js';
import type { Action } from '../statements/action.js';
import type { Item } from '../statements/item.js';
import type { PasswordState } from './password-state.js';
import type { Finding, Step } from './plan.js';

/** The input of a plan. */
export interface PlanInput {
  /** The cluster's metadata. */
  readonly wanted: MetaData;
  /** The server's. */
  readonly present: MetaData;
  /** What of `present` could not be read. Default: nothing. */
  readonly unread?: Unread | undefined;
  readonly ledger: Ledger;
  /** By user name, for each user of the cluster. */
  readonly passwords: ReadonlyMap<string, PasswordState>;
  /** The version that the server reports; it decides what only newer servers have. */
  readonly serverVersion?: string | undefined;
  /** The account of the mirror itself, which is never removed. */
  readonly account?: string | undefined;
  /** Whether to make drops or only report them. */
  readonly drops: 'report' | 'apply';
  /** Maximum drops in one plan without a confirmation. */
  readonly maxDrops: number;
  /** The confirmation of a set of drops. */
  readonly confirmed?: string | undefined;
}

/** A plan under construction. */
export class Draft {
  readonly steps: Step[] = [];
  readonly refused: Finding[] = [];
  readonly pending: Finding[] = [];
  readonly unmanaged: Item[] = [];
  readonly unverified: string[] = [];
  inSync = 0;

  do(item: Item, action: Action, reason: string): void {
    this.steps.push({ item, action, reason });
  }

  refuse(item: Item, reason: string): void {
    this.refused.push({ item, reason });
  }
}

/** Returns the items by name; the first of duplicates counts, as in InfluxDB's lookups. */
export function firstByName<T extends { readonly name: string }>(list: readonly T[]): Map<string, T> {
  const found = new Map<string, T>();
  for (const entry of list) if (!found.has(entry.name)) found.set(entry.name, entry);
  return found;
}
