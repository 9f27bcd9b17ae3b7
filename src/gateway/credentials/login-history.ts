import type { Clock } from '../../clock.js';
import { networkOf } from '../../protocol/network-of.js';
import { RecentMap } from '../../recent-map.js';

/** Milliseconds after which the last wrong password of a user or an address does not count any more. */
const memory = 600_000;
/** Users, addresses and pairs of both; beyond this number, the one that was seen least recently is forgotten. */
const maxEntries = 10_000;

interface Entry {
  /** Wrong passwords that took a check. */
  readonly failures: number;
  readonly at: number;
  /** Whether a right password was verified. */
  readonly isProven: boolean;
}

const unknown: Entry = { failures: 0, at: 0, isProven: false };

/** Remembers which users and addresses sent wrong passwords lately, and which sent right ones. Never a password. */
export class LoginHistory {
  readonly #clock: Clock;
  readonly #entries = new RecentMap<string, Entry>(maxEntries);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  failed(name: string, address: string): void {
    for (const key of keysOf(name, address)) {
      const { failures, isProven } = this.#get(key);
      this.#entries.renew(key, { failures: failures + 1, isProven, at: this.#clock.monotonic() });
    }
  }

  /** Clears the failures of the user at this address only, because another client of the address may be guessing. */
  succeeded(name: string, address: string): void {
    const [user, network, pair] = keysOf(name, address);
    for (const key of [user, network]) this.#entries.renew(key, { ...this.#get(key), isProven: true });
    this.#entries.renew(pair, { ...unknown, isProven: true });
  }

  /**
   * Returns how likely the next password is to be wrong, by what is known: below 0 for a user that has logged in from this address, and for
   * an address without failures from which any user has logged in; 0 if nothing is known; otherwise more with each failure of the user
   * and of the address.
   */
  suspicion(name: string, address: string): number {
    const [user, network, pair] = keysOf(name, address).map((key) => this.#get(key)) as [Entry, Entry, Entry];
    if (pair.isProven) return pair.failures || -1;
    if (network.isProven && network.failures === 0) return -1;
    // Guesses of one client of a shared address must not hold up its other users.
    const isGood = user.isProven && user.failures === 0;
    return user.failures + (isGood ? Math.min(network.failures, 1) : network.failures);
  }

  #get(key: string): Entry {
    const entry = this.#entries.get(key) ?? unknown;
    const isOver = entry.failures > 0 && this.#clock.monotonic() - entry.at >= memory;
    return isOver ? { ...entry, failures: 0 } : entry;
  }
}

function keysOf(name: string, address: string): [user: string, network: string, pair: string] {
  const network = networkOf(address);
  return [`user ${name}`, `network ${network}`, `pair ${JSON.stringify([name, network])}`];
}
