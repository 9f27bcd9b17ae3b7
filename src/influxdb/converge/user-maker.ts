import { randomBytes } from 'node:crypto';
import { CfluxError, isCfluxError } from '../../errors.js';
import { bcryptMatches } from '../../meta/bcrypt.js';
import { findByName } from '../../meta/named-list.js';
import type { MetaData, UserInfo } from '../../meta/records.js';
import { agreementOf, continued, emptyLedger, type Ledger, type Origin, observe } from '../ledger/ledger.js';
import type { OrderSource } from '../orders/order-keeper.js';
import { whyKeptAdmin } from '../plan/plan-users.js';
import type { Reading } from '../read/metadata-reader.js';
import type { Action } from '../statements/action.js';
import { whyInexpressible } from '../statements/influxql.js';
import { savePassword, withPassword } from './agreements.js';
import type { ConvergenceParts } from './convergence-parts.js';
import { excessOf, grantsOf } from './privilege-changes.js';
import { runStep } from './run-step.js';

/** A user of the cluster whose login was verified against `hash`. */
export interface UserLogin {
  readonly name: string;
  readonly hash: string;
  /** Absent if the login was verified without a password, by a token. */
  readonly password?: string | undefined;
}

/**
 * What became of a user at a login:
 * - `present`: the server has it with this password;
 * - `made`, `renewed`: the server got it, or its password;
 * - `changed`: the cluster has the user no more, or with another password.
 */
export type UserPresence = 'present' | 'made' | 'renewed' | 'changed';

export interface LoginContext {
  /** The cluster's metadata. */
  readonly wanted: MetaData;
  readonly origin: Origin;
  /** Resolves with whether the cluster still has the user with the verified hash. */
  readonly isCurrent: () => Promise<boolean>;
  /** Called after each change. */
  readonly onStep: (action: Action) => void;
  /** Reads the drop orders of the cluster. */
  readonly orders?: OrderSource | undefined;
}

/**
 * Gives a server a user of the cluster whose password is known because the user has just logged in: InfluxQL cannot set a hash. It runs
 * within a turn of the mirror, so no other change of the user is made at the same time.
 */
export class UserMaker {
  readonly #parts: ConvergenceParts;

  constructor(parts: ConvergenceParts) {
    this.#parts = parts;
  }

  /** Rejects if the server cannot be used, or cannot have the user. */
  async make(login: UserLogin, context: LoginContext): Promise<UserPresence> {
    const { reader, store, guard, local, orders } = this.#parts;
    const { wanted, origin, isCurrent, orders: source } = context;
    const user = findByName(wanted.users, login.name);
    if (user?.hash !== login.hash) return 'changed';
    await store.own();
    const reading = await reader.read();
    reading.unread.expectNone();
    const stored = await store.load();
    const checked = await guard.check(reading, stored, origin, {
      search: stored === undefined ? 'first' : 'none',
    });
    const server = guard.identify(reading);
    const present = local.strip(reading.metadata);
    const known = continued(checked ?? emptyLedger(server, origin), { server, origin });
    const here = findByName(reading.metadata.users, login.name);
    if (await this.#isOwnLogin(login, here)) return 'present';
    const presence = await presenceOf(login, here, known);
    const hasExcess = here !== undefined && !excessOf(user, here, { ledger: known, wanted }).next().done;
    const isPresent = here !== undefined && presence !== 'other';
    // It needs no statement, and so no manager.
    if (isPresent && !hasExcess) return this.#present(login, here, presence, known);
    // Nothing of the version is applied or recorded before its orders were read.
    const judged =
      source === undefined
        ? known
        : await orders.read(known, source, { origin, reading, present, signal: undefined });
    const ledger = observe(judged, { server, origin, wanted: local.strip(wanted), present });
    // Before the user gets its password: an earlier user of this name may have had more rights.
    if (here !== undefined) await this.#reduce({ user, here }, { ledger, reading }, context);
    if (isPresent) return this.#present(login, here, presence, ledger);
    this.#expectPossible(login, here !== undefined);
    // Saved before the user is made, so that it is never taken for one that only this server has.
    await store.save(ledger);
    if (!(await isCurrent())) return 'changed';
    const made = here === undefined ? await this.#create(user, login, reading, context) : undefined;
    const outcome = made ?? (await this.#renew(login, context));
    if (outcome !== 'changed' && login.password !== undefined) await savePassword(this.#parts, ledger, login);
    return outcome;
  }

  /** Records the password that was verified, so that it is known at the next login. */
  async #present(
    login: UserLogin,
    here: UserInfo,
    presence: 'same' | 'verified',
    ledger: Ledger,
  ): Promise<UserPresence> {
    if (presence === 'verified') await this.#parts.store.save(withPassword(ledger, login, here.hash));
    return 'present';
  }

  /** Takes the rights away that the cluster had given to the user, and does not give it any more. */
  async #reduce(
    { user, here }: { readonly user: UserInfo; readonly here: UserInfo },
    { ledger, reading }: { readonly ledger: Ledger; readonly reading: Reading },
    { wanted, onStep }: LoginContext,
  ): Promise<void> {
    const { connection, store } = this.#parts;
    const admins = new Set(reading.metadata.users.filter(({ admin }) => admin).map(({ name }) => name));
    for (const action of excessOf(user, here, { ledger, wanted })) {
      if (action.kind === 'setAdmin' && whyKeptAdmin(user.name, admins, connection.address.username))
        continue;
      await store.save(ledger);
      const refusal = await runStep(connection, action, { isOrdered: true });
      if (refusal !== undefined) throw impossible(user.name, refusal);
      onStep(action);
    }
  }

  /** Hashes may be unreadable, but the agent itself uses this password. */
  async #isOwnLogin({ name, password }: UserLogin, here: UserInfo | undefined): Promise<boolean> {
    const { connection } = this.#parts;
    const isUnreadable = here?.hash === '' && name === connection.address.username;
    return isUnreadable && password === (await connection.password());
  }

  #expectPossible({ name, password }: UserLogin, isThere: boolean): void {
    const inName = whyInexpressible(name);
    if (inName !== undefined) throw impossible(name, inName);
    const inPassword = password === undefined ? undefined : whyInexpressible(password);
    if (inPassword !== undefined) throw impossible(name, `${inPassword} in a password`);
    if (isThere && name === this.#parts.connection.address.username) {
      throw impossible(
        name,
        "its password there is not the cluster's, but it is the account of the agent: set it by hand",
      );
    }
  }

  /** Privileges come before the administrator's flag: a user that is interrupted between has too little. */
  async #create(
    user: UserInfo,
    login: UserLogin,
    { metadata }: Reading,
    { isCurrent, onStep }: LoginContext,
  ): Promise<UserPresence | undefined> {
    const { name } = user;
    const password = login.password ?? randomPassword();
    const create = { kind: 'createUser', user: name, admin: false } as const;
    const { connection } = this.#parts;
    const refusal = await runStep(connection, create, { password, isOrdered: true, isLoginNext: true });
    // Someone else has created it since the server was read.
    if (refusal === 'user already exists') return login.password === undefined ? 'present' : undefined;
    if (refusal !== undefined) throw impossible(name, refusal);
    onStep(create);
    for (const action of grantsOf(user, metadata)) {
      if (!(await isCurrent())) return this.#undo(name);
      const why = await runStep(connection, action, { isOrdered: true });
      if (why === undefined) onStep(action);
      // A database that was dropped since then; the mirror knows more.
      else if (action.kind !== 'grant') throw impossible(name, why);
    }
    // The server may still accept the password of an earlier user of this name, which it keeps in its cache.
    const isAccepted = login.password !== undefined && (await connection.accepts(name, login.password));
    if (!isAccepted) await runStep(connection, { kind: 'setPassword', user: name }, { password });
    return (await isCurrent()) ? 'made' : this.#undo(name);
  }

  /** The user was dropped, or its password changed, while it was made here. */
  async #undo(name: string): Promise<UserPresence> {
    await runStep(this.#parts.connection, { kind: 'dropUser', user: name });
    return 'changed';
  }

  async #renew(login: UserLogin, { isCurrent, onStep }: LoginContext): Promise<UserPresence> {
    const { connection } = this.#parts;
    const action = { kind: 'setPassword', user: login.name } as const;
    const refusal = await runStep(connection, action, { password: login.password, isOrdered: true });
    if (refusal !== undefined) throw impossible(login.name, refusal);
    onStep(action);
    if (await isCurrent()) return 'renewed';
    // The password that was just set is not the cluster's any more, and the new one is not known here.
    await runStep(connection, action, { password: randomPassword(), isOrdered: true });
    return 'changed';
  }
}

/** Returns how the user on the server, `here`, relates to the login. */
async function presenceOf(
  { name, hash, password }: UserLogin,
  here: UserInfo | undefined,
  ledger: Ledger,
): Promise<'same' | 'verified' | 'other'> {
  if (here === undefined) return 'other';
  if (password === undefined || here.hash === hash) return 'same';
  const agreement = agreementOf(ledger, { kind: 'user', user: name }, hash, here.hash);
  if (agreement === 'same') return 'same';
  // The server has the password that the cluster had before.
  if (agreement === 'wanted changed' || here.hash === '') return 'other';
  try {
    return (await bcryptMatches(password, here.hash)) ? 'verified' : 'other';
  } catch (error) {
    if (isCfluxError(error, 'PASSWORD_HASH_TOO_COSTLY')) return 'other';
    throw error;
  }
}

/** Of a user that logs in by tokens, or whose password is not known any more. */
const randomPassword = () => randomBytes(32).toString('base64url');

const impossible = (name: string, why: string) =>
  new CfluxError('STATEMENT_REFUSED', `the server cannot have user ${JSON.stringify(name)}: ${why}`, {
    outcome: 'notApplied',
  });
