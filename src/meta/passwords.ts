import { bcryptHash, bcryptMatches, checkPasswordLength } from './bcrypt.js';
import type { Password } from './password.js';
import { PasswordCache } from './password-cache.js';

/** A password to be set: its hash is computed at most once, and only if it is needed. */
export interface PreparedPassword {
  hash(): Promise<string>;
  matches(hash: string): Promise<boolean>;
}

/** Hashes and verifies passwords, with a cache of verified ones. */
export class Passwords {
  private readonly cache = new PasswordCache();

  constructor(private readonly cost: number) {}

  /** @throws CfluxError `PASSWORD_TOO_LONG` */
  prepare(password: string | Password): PreparedPassword {
    if (typeof password !== 'string') {
      return { hash: async () => password.hash, matches: (hash) => password.matches(hash) };
    }
    checkPasswordLength(password);
    return {
      hash: () => bcryptHash(password, this.cost),
      matches: (hash) => this.verify(password, hash),
    };
  }

  /** Hashes `password` now, for repeated use later. */
  async hash(password: string): Promise<Password> {
    const hash = await bcryptHash(password, this.cost);
    return new HashedPassword(hash, (other) => this.verify(password, other));
  }

  async verify(password: string, hash: string): Promise<boolean> {
    if (this.cache.has(hash, password)) return true;
    const matches = await bcryptMatches(password, hash);
    if (matches) this.cache.add(hash, password);
    return matches;
  }
}

/** Prints as neither password nor hash. */
class HashedPassword implements Password {
  readonly #hash: string;
  readonly #verify: (hash: string) => Promise<boolean>;
  readonly #known = new Map<string, Promise<boolean>>();

  constructor(hash: string, verify: (hash: string) => Promise<boolean>) {
    this.#hash = hash;
    this.#verify = verify;
    this.#known.set(hash, Promise.resolve(true));
  }

  get hash(): string {
    return this.#hash;
  }

  matches(hash: string): Promise<boolean> {
    const known = this.#known.get(hash) ?? this.#verify(hash);
    this.#known.set(hash, known);
    return known;
  }
}
