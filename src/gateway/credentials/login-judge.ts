import type { Clock } from '../../clock.js';
import { isCfluxError } from '../../errors.js';
import { findByName } from '../../meta/named-list.js';
import type { MetaData, UserInfo } from '../../meta/records.js';
import { isAtLeast } from '../../server-versions.js';
import type { SharedRefresh } from '../shared-refresh.js';
import type { Credentials } from './credentials.js';
import { verifyToken } from './json-web-token.js';
import { type PasswordCheck, PasswordChecks } from './password-checks.js';

/** A user of the cluster whose login was verified. */
export interface Actor {
  readonly name: string;
  /** The hash that the password was verified against; for a token, the user's hash then. */
  readonly hash: string;
  /** Absent for a token. */
  readonly password?: string;
}

/** The judgement of a login, with the milliseconds that bcrypt took. */
export type Judgement = { readonly computing?: number } & (
  | { readonly kind: 'verified'; readonly actor: Actor }
  /** `text`: as the server refuses it. */
  | { readonly kind: 'refused' | 'limited' | 'failed'; readonly text: string }
);

/** Returns the secret of JSON Web Tokens; called with the one that a signature did not match. */
export type SecretSource = string | ((refused?: string) => string);

export interface LoginJudgeParts {
  /** Resolves with the metadata that this node has accepted last. */
  readonly data: () => MetaData | PromiseLike<MetaData>;
  /** Fetches the newest metadata, within a limited time. */
  readonly refresh: SharedRefresh;
  readonly clock: Clock;
  readonly jwtSecret: SecretSource | undefined;
  readonly serverVersion: () => string | undefined;
}

/** Milliseconds between two readings of a secret whose signatures do not match. */
const secretPause = 1_000;

/** Judges logins by the users of the cluster, with the texts of the server (R32). */
export class LoginJudge {
  readonly #parts: LoginJudgeParts;
  readonly #checks: PasswordChecks;
  #users: readonly UserInfo[] | undefined;
  #secret: string | undefined;
  #secretReadAt = Number.NEGATIVE_INFINITY;

  constructor(parts: LoginJudgeParts) {
    this.#parts = parts;
    this.#checks = new PasswordChecks(parts.clock);
    const { jwtSecret } = parts;
    this.#secret = typeof jwtSecret === 'function' ? jwtSecret() : jwtSecret;
  }

  /** A refusal is judged again on the newest metadata: the user may have just been created or changed through another gateway. */
  async judge(
    credentials: Extract<Credentials, { kind: 'password' | 'token' }>,
    address: string,
  ): Promise<Judgement> {
    if (credentials.kind === 'token') return this.#judgeToken(credentials.token);
    const { name, password } = credentials;
    if (name === '') return refused('username required');
    const user = await this.#user(name);
    const first = await this.#judgePassword(user, password, address);
    if (first.kind !== 'refused') return first;
    await this.#parts.refresh.run();
    const newest = await this.#user(name);
    return newest?.hash === user?.hash ? first : this.#judgePassword(newest, password, address);
  }

  async #user(name: string): Promise<UserInfo | undefined> {
    const { users } = await this.#parts.data();
    if (users !== this.#users) {
      this.#users = users;
      this.#checks.keep(users);
    }
    return findByName(users, name);
  }

  async #judgePassword(user: UserInfo | undefined, password: string, address: string): Promise<Judgement> {
    if (user === undefined) return refused('authorization failed');
    try {
      const check = this.#checks.known(user, password) ?? (await this.#checks.check(user, password, address));
      return judgementOf(check, user, password);
    } catch (error) {
      if (isCfluxError(error, 'PASSWORD_HASH_TOO_COSTLY')) return { kind: 'failed', text: error.message };
      throw error;
    }
  }

  async #judgeToken(token: string): Promise<Judgement> {
    const verdict = this.#verifyToken(token);
    if (verdict === undefined) return refused(this.#bearerDisabled);
    if ('refusal' in verdict) return refused(verdict.refusal);
    const user = (await this.#user(verdict.name)) ?? (await this.#newUser(verdict.name));
    if (user === undefined) return refused('user not found');
    return { kind: 'verified', actor: { name: user.name, hash: user.hash } };
  }

  async #newUser(name: string): Promise<UserInfo | undefined> {
    await this.#parts.refresh.run();
    return this.#user(name);
  }

  #verifyToken(token: string) {
    const { clock, jwtSecret } = this.#parts;
    if (this.#secret === undefined) return undefined;
    const now = Math.floor(clock.now() / 1_000);
    const verdict = verifyToken(token, this.#secret, now);
    const isLate = clock.monotonic() - this.#secretReadAt > secretPause;
    if (!('refusal' in verdict && verdict.isOfSignature) || typeof jwtSecret !== 'function' || !isLate)
      return verdict;
    this.#secretReadAt = clock.monotonic();
    this.#secret = jwtSecret(this.#secret);
    return verifyToken(token, this.#secret, now);
  }

  /** Misspelt before 1.7. */
  get #bearerDisabled(): string {
    return `bearer auth ${isAtLeast(this.#parts.serverVersion(), [1, 7]) ? 'disabled' : 'disabld'}`;
  }
}

const refused = (text: string): Judgement => ({ kind: 'refused', text });

function judgementOf({ result, computing }: PasswordCheck, user: UserInfo, password: string): Judgement {
  const took = computing === undefined ? {} : { computing };
  const { name, hash } = user;
  if (result === 'right') return { kind: 'verified', actor: { name, hash, password }, ...took };
  if (result === 'wrong') return { ...took, kind: 'refused', text: 'authorization failed' };
  return {
    kind: 'limited',
    text: `cannot verify the password of ${JSON.stringify(name)}: too many failed logins from this address; retry in a second`,
  };
}
