import { createHmac, randomBytes } from 'node:crypto';
import { forEachConcurrently } from '../../async/for-each-concurrently.js';
import { isCfluxError } from '../../errors.js';
import { bcryptMatches } from '../../meta/bcrypt.js';
import type { UserInfo } from '../../meta/records.js';
import { type Agreement, agreementOf, agreementOn, type Ledger } from '../ledger/ledger.js';
import { whyInexpressible } from '../statements/influxql.js';
import { keyOf } from '../statements/item.js';
import type { PasswordState } from './password-state.js';

/** Returns the password of a user of the cluster; `undefined` if it is unknown. */
export type PasswordSource = (user: string) => string | undefined | Promise<string | undefined>;

/** How the passwords of all users relate to the cluster's. */
export interface PasswordComparison {
  /** By user. */
  readonly states: ReadonlyMap<string, PasswordState>;
  /** The password of each user whose state is `settable`, checked against the cluster's hash. */
  readonly secrets: ReadonlyMap<string, string>;
  /** New agreements, by key of the user. */
  readonly agreements: ReadonlyMap<string, Agreement>;
}

/** bcrypt runs on four threads. */
const atOnce = 4;

/** Compares passwords. InfluxQL cannot set a hash, so only a password that matches the cluster's hash can be used. */
export class PasswordComparer {
  readonly #source: PasswordSource;
  /** Results of bcrypt, which takes 70 ms each, by a digest with a key of this process. */
  readonly #matches = new Map<string, boolean>();
  readonly #key = randomBytes(32);

  constructor(source: PasswordSource) {
    this.#source = source;
  }

  async compare(
    wanted: readonly UserInfo[],
    present: readonly UserInfo[],
    ledger: Ledger,
  ): Promise<PasswordComparison> {
    const here = new Map(present.map((user) => [user.name, user]));
    const states = new Map<string, PasswordState>();
    const secrets = new Map<string, string>();
    const agreements = new Map<string, Agreement>();
    const doubtful: UserInfo[] = [];
    for (const user of wanted) {
      const existing = here.get(user.name);
      const state = withoutPassword(user, existing, ledger);
      if (state === undefined) doubtful.push(user);
      else states.set(user.name, { kind: state });
      // Recorded, so that a later change of the cluster's password is detected even if hashes cannot be read any more.
      if (existing !== undefined && isSameHash(user, existing)) agreements.set(...agreed(user, existing));
    }
    await forEachConcurrently(doubtful, atOnce, async (user) => {
      const existing = here.get(user.name);
      const password = await this.#givenFor(user, existing);
      if (typeof password === 'object') {
        states.set(user.name, password);
      } else if (existing !== undefined && (await this.#isOf(password, existing.hash).catch(unverifiable))) {
        states.set(user.name, { kind: 'same' });
        agreements.set(...agreed(user, existing));
      } else {
        states.set(user.name, { kind: 'settable' });
        secrets.set(user.name, password);
      }
    });
    return { states, secrets, agreements };
  }

  /** Resolves with the password of `user` if it is known and the cluster's; otherwise with the reason. */
  async #givenFor(user: UserInfo, here: UserInfo | undefined): Promise<string | PasswordState> {
    const unavailable = (reason: string): PasswordState => ({ kind: 'unavailable', reason });
    const isMissing = here === undefined;
    let password: string | undefined;
    try {
      password = await this.#source(user.name);
    } catch (error) {
      // Only errors of this library are known to contain no password.
      return unavailable(isCfluxError(error) ? error.message : 'the source of passwords failed');
    }
    if (password === undefined) {
      return unavailable(
        isMissing
          ? 'its password was not given'
          : "its password may differ from the cluster's: it was not given, so it cannot be compared or set",
      );
    }
    try {
      if (!(await this.#isOf(password, user.hash)))
        return unavailable("the given password is not the cluster's");
    } catch (error) {
      if (isCfluxError(error, 'PASSWORD_HASH_TOO_COSTLY')) return unavailable(error.message);
      throw error;
    }
    const why = whyInexpressible(password);
    return why === undefined ? password : unavailable(`${why} in a password`);
  }

  async #isOf(password: string, hash: string): Promise<boolean> {
    const key = createHmac('sha256', this.#key)
      .update(JSON.stringify([password, hash]))
      .digest('base64');
    const known = this.#matches.get(key);
    if (known !== undefined) return known;
    const matches = await bcryptMatches(password, hash);
    this.#matches.set(key, matches);
    return matches;
  }
}

/** Returns whether a server's hash is too costly to verify; it is then replaced like that of another password. */
function unverifiable(error: unknown): boolean {
  if (isCfluxError(error, 'PASSWORD_HASH_TOO_COSTLY')) return false;
  throw error;
}

/** Returns the state of a user that needs no password; `undefined` if it needs one. */
function withoutPassword(
  wanted: UserInfo,
  here: UserInfo | undefined,
  ledger: Ledger,
): 'same' | 'unverified' | undefined {
  if (here === undefined) return undefined;
  if (isSameHash(wanted, here)) return 'same';
  const agreement = agreementOf(ledger, { kind: 'user', user: wanted.name }, wanted.hash, here.hash);
  if (agreement === 'same') return 'same';
  return agreement === 'unknown' && here.hash === '' ? 'unverified' : undefined;
}

const isSameHash = (wanted: UserInfo, here: UserInfo) => here.hash !== '' && here.hash === wanted.hash;

const agreed = (wanted: UserInfo, here: UserInfo) =>
  [keyOf({ kind: 'user', user: wanted.name }), agreementOn(wanted.hash, here.hash)] as const;
