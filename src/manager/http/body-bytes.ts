import { uniformDelay } from '../../async/jitter.js';
import { CfluxError } from '../../errors.js';
import type { Random } from '../../random.js';
import { type Owners, Shares, type Use } from '../shares.js';

/** The bytes of bodies that one direction of a manager's traffic keeps in memory, all requests together (R24). */
export class BodyBytes {
  readonly #shares: Shares;
  readonly #random: Random;

  /** @param total bytes of all bodies; `largest`: of one, which always gets through when nothing else is under way. */
  constructor(total: number, largest: number, random: Random) {
    // A body is there twice at the most: compressed and unpacked, or in pieces and joined.
    this.#shares = new Shares(Math.max(total, 2 * largest));
    this.#random = random;
  }

  get taken(): number {
    return this.#shares.taken;
  }

  /** What one body takes; it must be released. */
  open(owners: Owners): BodyUse {
    return new BodyUse(this.#shares, { owners, amount: 0 }, this.#random);
  }
}

export class BodyUse {
  readonly #shares: Shares;
  readonly #use: Use;
  readonly #random: Random;

  constructor(shares: Shares, use: Use, random: Random) {
    this.#shares = shares;
    this.#use = use;
    this.#random = random;
  }

  /** `false`: there is no room for so many bytes, and nothing was taken. */
  tryTake(bytes: number): boolean {
    return this.#shares.take(this.#use, bytes);
  }

  /** @throws `UNAVAILABLE`: there is no room for so many bytes. */
  take(bytes: number): void {
    if (!this.tryTake(bytes)) throw tooManyBytes(this.#random);
  }

  /** @throws `UNAVAILABLE`: there is no room for so many bytes now. Takes nothing. */
  check(bytes: number): void {
    this.take(bytes);
    this.give(bytes);
  }

  give(bytes: number): void {
    this.#shares.release(this.#use, bytes);
  }

  /** Gives everything back. Idempotent. */
  release(): void {
    this.#shares.release(this.#use);
  }
}

/** Spread, so that not all clients come back in the same moment. */
export const tooManyBytes = (random: Random) =>
  new CfluxError('UNAVAILABLE', 'too many bytes of bodies are under way at this manager: retry', {
    retryable: true,
    outcome: 'notApplied',
    retryAfter: uniformDelay(1_000, 3_000, random),
  });
