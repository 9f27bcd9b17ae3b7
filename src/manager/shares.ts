import { networkOf } from '../protocol/network-of.js';
import type { Requester } from './audit.js';

/** The owners of an amount: each property that is set names one owner of a share. */
export interface Owners {
  readonly cluster?: string | undefined;
  /** The name of a token, or an address. */
  readonly party?: string | undefined;
}

/** The amount that one request uses. */
export interface Use {
  readonly owners: Owners;
  amount: number;
}

/**
 * Divides a limited amount among clusters and parties. Up to half of it is given out without further limits. Beyond that, a cluster or
 * party whose other uses have a quarter of it gets nothing more, so that no single one can take everything.
 */
export class Shares {
  readonly #total: number;
  readonly #share: number;
  #taken = 0;
  readonly #byCluster = new Tally();
  readonly #byParty = new Tally();

  constructor(total: number) {
    this.#total = total;
    this.#share = Math.max(smallestShare, Math.floor(total / 4));
  }

  get taken(): number {
    return this.#taken;
  }

  /** Adds `amount` to a use. Returns `false`, and changes nothing, if there is not enough left. */
  take(use: Use, amount: number): boolean {
    const { cluster, party } = use.owners;
    const sum = this.#taken + amount;
    if (sum > this.#total) return false;
    if (2 * sum > this.#total) {
      if (this.#byCluster.of(cluster) - use.amount >= this.#share) return false;
      if (this.#byParty.of(party) - use.amount >= this.#share) return false;
    }
    this.#add(use, amount);
    return true;
  }

  /** Releases `amount` of a use; default: all of it. */
  release(use: Use, amount = use.amount): void {
    this.#add(use, -amount);
  }

  #add(use: Use, amount: number): void {
    use.amount += amount;
    this.#taken += amount;
    this.#byCluster.add(use.owners.cluster, amount);
    this.#byParty.add(use.owners.party, amount);
  }
}

/** A very low limit still admits a few. */
const smallestShare = 4;

/** Amounts by name; names without an amount use no memory. */
class Tally {
  readonly #amounts = new Map<string, number>();

  of(name: string | undefined): number {
    return name === undefined ? 0 : (this.#amounts.get(name) ?? 0);
  }

  add(name: string | undefined, amount: number): void {
    if (name === undefined) return;
    const sum = this.of(name) + amount;
    if (sum === 0) this.#amounts.delete(name);
    else this.#amounts.set(name, sum);
  }
}

/** Returns the party of a request: its token or certificate if it has one, otherwise its address. */
export function partyOf({ author, remote }: Requester): string | undefined {
  if (author !== undefined) return `token ${author}`;
  return remote === undefined ? undefined : `address ${networkOf(remote)}`;
}
