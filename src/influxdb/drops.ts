import type { Action } from './action.js';
import type { Draft, PlanInput } from './draft.js';
import { whyInexpressible } from './influxql.js';
import { describeItem, type Item, keyOf } from './item.js';
import type { Step } from './plan.js';
import { whyKeptAdmin } from './plan-users.js';

/**
 * Sorts what a server has and the cluster has not: into drops, where the ledger says that the cluster had it and gave it up
 * within its present history; into what is pending; and into what is unmanaged.
 */
export class Drops {
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

  /** Says so if it was never the cluster's. */
  noteIfUnmanaged(item: Item): void {
    if (!this.#isCurrent(item) && !this.#input.ledger.held.has(keyOf(item))) this.#draft.unmanaged.push(item);
  }

  /** `inside` is what would go with it, and must have been the cluster's, too. */
  consider(item: Item, action: Action, inside: Iterable<Item> = []): void {
    const held = this.#input.ledger.held.get(keyOf(item));
    const isClusters = held !== undefined || this.#isCurrent(item);
    const unsayable = whyUnsayable(item);
    if (!isClusters && item.kind === 'retention') {
      const why =
        'this server keeps its points longer than the cluster does, and not by the word of the cluster';
      this.#wait(item, `${why}: it is left to you to shorten it`, unsayable ? undefined : action);
    } else if (!isClusters) {
      this.#draft.unmanaged.push(item);
    } else if (unsayable !== undefined) {
      this.#wait(item, unsayable);
    } else if (held !== undefined) {
      this.#wait(item, `${held}: it is left to you to take it away`, action);
    } else {
      const kept = this.#whyKept(item, inside);
      if (kept === undefined) this.steps.push({ item, action, reason: reasonOf(item) });
      else this.#wait(item, kept, action);
    }
  }

  #wait(item: Item, reason: string, action?: Action): void {
    this.#draft.pending.push({ item, reason, ...(action === undefined ? {} : { action }) });
  }

  #isCurrent(item: Item): boolean {
    return this.#input.ledger.current.has(keyOf(item));
  }

  #whyKept(item: Item, inside: Iterable<Item>): string | undefined {
    for (const other of inside) {
      if (other.kind === 'retention' || this.#isCurrent(other)) continue;
      return `it holds what was never the cluster's: ${describeItem(other)}`;
    }
    if (item.kind !== 'user') return undefined;
    const kept = whyKeptAdmin(item.user, this.#admins, this.#input.account);
    if (kept === undefined) this.#admins.delete(item.user);
    return kept;
  }
}

function whyUnsayable(item: Item): string | undefined {
  if ('policy' in item && item.policy === '') return 'InfluxQL takes an empty name for the default policy';
  const names = Object.values(item).filter((value) => typeof value === 'string');
  return names.map(whyInexpressible).find((why) => why !== undefined);
}

function reasonOf(item: Item): string {
  return item.kind === 'retention'
    ? 'the cluster keeps its points for a shorter time now'
    : 'the cluster dropped it';
}
