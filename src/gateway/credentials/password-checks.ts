import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.js';
import { bcryptMatches, checksAtOnce, type MatchOptions } from '../../meta/bcrypt.js';
import type { UserInfo } from '../../meta/records.js';
import { networkOf } from '../../protocol/network-of.js';
import { CheckQueue } from './check-queue.js';
import { KnownPasswords } from './known-passwords.js';
import { LoginHistory } from './login-history.js';
import { LoginLimiter } from './login-limiter.js';

/** The result of a check, and the milliseconds that bcrypt took for it; `limited`: it was not made, because there were too many. */
export interface PasswordCheck {
  readonly result: 'right' | 'wrong' | 'limited';
  /** Absent if no bcrypt was needed. */
  readonly computing?: number;
}

/** Compares a password with a hash, as `bcryptMatches`. */
export type ComparePassword = (password: string, hash: string, options: MatchOptions) => Promise<boolean>;

const limited: PasswordCheck = { result: 'limited' };

/** Checks passwords against the hashes of the cluster, each at most once at a time for one address. */
export class PasswordChecks {
  readonly #compare: ComparePassword;
  readonly #known = new KnownPasswords();
  readonly #limiter: LoginLimiter;
  readonly #history: LoginHistory;
  readonly #queue: CheckQueue<PasswordCheck>;
  /** Checks under way, by a digest with a key of this process. */
  readonly #pending = new Map<string, Promise<PasswordCheck>>();
  readonly #key = randomBytes(32);

  constructor(
    clock: Clock,
    {
      compare = bcryptMatches,
      atOnce = checksAtOnce,
    }: { readonly compare?: ComparePassword; readonly atOnce?: number } = {},
  ) {
    this.#compare = compare;
    this.#limiter = new LoginLimiter(clock);
    this.#history = new LoginHistory(clock);
    const suspicion = ({ name, address }: { readonly name: string; readonly address: string }) =>
      this.#history.suspicion(name, address);
    const isWrong = ({ result }: PasswordCheck) => result === 'wrong';
    this.#queue = new CheckQueue({ clock, atOnce, suspicion, isWrong });
  }

  /** Returns the result if it is known without bcrypt. */
  known({ hash }: UserInfo, password: string): PasswordCheck | undefined {
    const isRight = this.#known.isRight(hash, password);
    return isRight === undefined ? undefined : { result: isRight ? 'right' : 'wrong' };
  }

  /** @throws CfluxError `PASSWORD_HASH_TOO_COSTLY` */
  check(user: UserInfo, password: string, address: string): Promise<PasswordCheck> {
    const network = networkOf(address);
    const key = createHmac('sha256', this.#key)
      .update(JSON.stringify([user.hash, password, network]))
      .digest('base64');
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    const check = this.#inTurn(user, password, network).finally(() => this.#pending.delete(key));
    this.#pending.set(key, check);
    return check;
  }

  /** Removes what is known of hashes that the cluster does not have any more. */
  keep(users: readonly UserInfo[]): void {
    this.#known.keep(new Set(users.map(({ hash }) => hash)));
  }

  async #inTurn(user: UserInfo, password: string, address: string): Promise<PasswordCheck> {
    const { name } = user;
    if (!this.#limiter.take(name, address)) return limited;
    const check = await this.#queue.run({ name, address }, async (isSuspect) => {
      // The same login from another address may have been checked meanwhile.
      return this.known(user, password) ?? this.#compute(user, password, address, isSuspect);
    });
    if (check?.result !== 'wrong') this.#limiter.giveBack(name, address);
    return check ?? limited;
  }

  async #compute(
    { name, hash }: UserInfo,
    password: string,
    address: string,
    isSuspect: boolean,
  ): Promise<PasswordCheck> {
    let computing = 0;
    const onComputed = (milliseconds: number) => {
      computing = milliseconds;
    };
    const isRight = await this.#compare(password, hash, { isApart: isSuspect, onComputed });
    this.#known.note(hash, password, isRight);
    if (isRight) this.#history.succeeded(name, address);
    else this.#history.failed(name, address);
    return { result: isRight ? 'right' : 'wrong', computing };
  }
}
