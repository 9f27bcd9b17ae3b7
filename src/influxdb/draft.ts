import type { MetaData } from '../meta/records.js';
import type { Action } from './action.js';
import type { Item } from './item.js';
import type { Ledger } from './ledger.js';
import type { PasswordVerdict } from './password-verdict.js';
import type { Finding, Step } from './plan.js';

/** What a plan is made from. */
export interface PlanInput {
  /** The cluster's metadata. */
  readonly wanted: MetaData;
  /** The server's. */
  readonly present: MetaData;
  readonly ledger: Ledger;
  /** By user name, for each user of the cluster. */
  readonly passwords: ReadonlyMap<string, PasswordVerdict>;
  /** The account that the mirror itself uses: never taken away. */
  readonly account?: string | undefined;
  /** Whether drops are made at all. */
  readonly drops: 'report' | 'apply';
  /** More drops than this in one plan wait for a confirmation. */
  readonly maxDrops: number;
  /** Confirmation of a set of drops. */
  readonly confirmed?: string | undefined;
}

/** A plan being made. */
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

/** By name; of several of one name the first counts, as in InfluxDB's own lookups. */
export function firstByName<T extends { readonly name: string }>(list: readonly T[]): Map<string, T> {
  const found = new Map<string, T>();
  for (const entry of list) if (!found.has(entry.name)) found.set(entry.name, entry);
  return found;
}
