import type { Action } from '../statements/action.js';
import { whyInexpressible } from '../statements/influxql.js';
import { describeItem, type Item, keyOf } from '../statements/item.js';
import type { Draft, PlanInput } from './draft.js';
import type { Step } from './plan.js';
import { whyKeptAdmin } from './plan-users.js';

/**
 * Classifies items that exist only on the server: as drops, if the ledger shows that the cluster dropped them in its present
 * history; as pending; or as unmanaged.
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

  /** Records `item` as unmanaged if it was never part of the cluster. */
  noteIfUnmanaged(item: Item): void {
    if (!this.#isCurrent(item) && !this.#input.ledger.held.has(keyOf(item))) this.#draft.unmanaged.push(item);
  }

  /** Classifies `item`. `inside` are the items that would be dropped with it, which must have been part of the cluster too. */
  consider(item: Item, action: Action, inside: Iterable<Item> = []): void {
    const held = this.#input.ledger.held.get(keyOf(item));
    const isClusters = held !== undefined || this.#isCurrent(item);
    const unsayable = whyUnsayable(item);
    if (!isClusters && item.kind === 'retention') {
      const why = 'this server keeps its points longer than the cluster does, and not because of the cluster';
      this.#wait(item, `${why}: shorten it by hand`, unsayable ? undefined : action);
    } else if (!isClusters) {
      this.#draft.unmanaged.push(item);
    } else if (unsayable !== undefined) {
      this.#wait(item, unsayable);
    } else if (held !== undefined) {
      this.#wait(item, `${held}: drop it by hand`, action);
    } else if (action.kind === 'revoke') {
      // Unlike other drops, it deletes nothing, and the right can be given again.
      this.#draft.do(item, action, reasonOf(item));
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
      // A value of the policy, not a thing of its own.
      if (other.kind === 'retention' || other.kind === 'writeLimit' || this.#isCurrent(other)) continue;
      return `it contains an item that was never part of the cluster: ${describeItem(other)}`;
    }
    if (item.kind !== 'user') return undefined;
    const kept = whyKeptAdmin(item.user, this.#admins, this.#input.account);
    if (kept === undefined) this.#admins.delete(item.user);
    return kept;
  }
}

/** Returns why no statement can name `item`; `undefined` if one can. */
export function whyUnsayable(item: Item): string | undefined {
  if ('policy' in item && item.policy === '') return 'InfluxQL reads an empty name as the default policy';
  const names = Object.values(item).filter((value) => typeof value === 'string');
  return names.map(whyInexpressible).find((why) => why !== undefined);
}

function reasonOf(item: Item): string {
  return item.kind === 'retention'
    ? 'the cluster keeps its points for a shorter time now'
    : 'the cluster dropped it';
}
