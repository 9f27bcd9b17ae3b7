import { uniformDelay } from '../../async/jitter.js';
import { CfluxError } from '../../errors.js';
import type { Random } from '../../random.js';
import { type Owners, Shares, type Use } from '../shares.js';

/** Limits the memory for bodies in one direction of a manager's traffic, all requests together (R24). */
export class BodyBytes {
  readonly #shares: Shares;
  readonly #random: Random;

  /** @param total bytes of all bodies; `largest`: of one, which is always admitted when no other body is in progress. */
  constructor(total: number, largest: number, random: Random) {
    // At most two copies of a body exist: compressed and decompressed, or in chunks and joined.
    this.#shares = new Shares(Math.max(total, 2 * largest));
    this.#random = random;
  }

  get taken(): number {
    return this.#shares.taken;
  }

  /** Reserves memory for one body; it must be released. */
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

  /** Returns `false`, and reserves nothing, if there is not enough room. */
  tryTake(bytes: number): boolean {
    return this.#shares.take(this.#use, bytes);
  }

  /** @throws `UNAVAILABLE`: there is not enough room. */
  take(bytes: number): void {
    if (!this.tryTake(bytes)) throw tooManyBytes(this.#random);
  }

  /** @throws `UNAVAILABLE`: there is not enough room now. Reserves nothing. */
  check(bytes: number): void {
    this.take(bytes);
    this.give(bytes);
  }

  give(bytes: number): void {
    this.#shares.release(this.#use, bytes);
  }

  /** Releases everything. Idempotent. */
  release(): void {
    this.#shares.release(this.#use);
  }
}

/** The retry delay is spread, so that clients do not all return at the same moment. */
export const tooManyBytes = (random: Random) =>
  new CfluxError(
    'UNAVAILABLE',
    'the manager is overloaded: too many bytes of bodies are in transfer; retry later',
    {
      retryable: true,
      outcome: 'notApplied',
      retryAfter: uniformDelay(1_000, 3_000, random),
    },
  );
