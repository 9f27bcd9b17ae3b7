import type { Clock } from '../../clock.js';
import { networkOf } from '../../protocol/network-of.js';
import { RecentMap } from '../../recent-map.js';

/** Checks at once for one user and address; then one more each {@link refill}. */
const burst = 5;
/** Milliseconds. */
const refill = 1_000;
/** Users and addresses; beyond this number, the one that was checked least recently starts again. */
const maxEntries = 10_000;

/**
 * Limits how often passwords of one user are checked for one address, because each check takes 65 ms of a processor. Other users, and the
 * same user at other addresses, have limits of their own.
 */
export class LoginLimiter {
  readonly #clock: Clock;
  /** When the last permitted check will have been paid for, by the monotonic clock. */
  readonly #paidAt = new RecentMap<string, number>(maxEntries);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes one check; returns whether there was one. */
  take(name: string, address: string): boolean {
    const key = keyOf(name, address);
    const now = this.#clock.monotonic();
    const paidAt = Math.max(this.#paidAt.get(key) ?? now, now);
    if (paidAt + refill > now + burst * refill) return false;
    this.#paidAt.renew(key, paidAt + refill);
    return true;
  }

  /** Gives back a check that found the right password. */
  giveBack(name: string, address: string): void {
    const key = keyOf(name, address);
    const paidAt = this.#paidAt.get(key);
    if (paidAt !== undefined) this.#paidAt.set(key, paidAt - refill);
  }
}

const keyOf = (name: string, address: string) => JSON.stringify([name, networkOf(address)]);
