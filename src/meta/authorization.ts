import { Privilege, type UserInfo } from './records.js';
import { notAuthorized } from './refusals.js';

/** The privilege that a statement requires on one database, or, with `admin`, an administrator. */
export interface RequiredPrivilege {
  readonly admin?: boolean;
  /** Default: the database of the query. */
  readonly database?: string;
  readonly privilege: number;
}

/** A statement of a query, as far as authorization needs it. */
export interface AuthorizedStatement {
  /** The text as InfluxQL prints it, for the error. */
  readonly text: string;
  readonly requires: readonly RequiredPrivilege[];
  /** True for CREATE USER … WITH ALL PRIVILEGES, the only statement that may be executed while there is no user. */
  readonly createsAdmin?: boolean;
}

const privilegeNames: ReadonlyMap<number, string> = new Map([
  [Privilege.None, 'NO PRIVILEGES'],
  [Privilege.Read, 'READ'],
  [Privilege.Write, 'WRITE'],
  [Privilege.All, 'ALL PRIVILEGES'],
]);

/**
 * Returns whether `user` has `privilege` on `database`: as an administrator, or by a grant of exactly that or of all. Write does not
 * include read.
 *
 * @example
 * ```ts
 * const user = await client.user('telegraf');
 * console.log(authorizeDatabase(user, Privilege.Write, 'telegraf')); // false
 * ```
 */
export function authorizeDatabase(user: UserInfo, privilege: number, database: string): boolean {
  if (user.admin || privilege === Privilege.None) return true;
  const granted = user.privileges.get(database);
  return granted !== undefined && (granted === privilege || granted === Privilege.All);
}

/**
 * Returns normally if `user` may write to `database`.
 *
 * @param username named in the error if there is no such user
 * @throws CfluxError `NOT_AUTHORIZED`
 * @example
 * ```ts
 * await client.setPrivilege('telegraf', 'telegraf', Privilege.Write);
 * authorizeWrite(await client.user('telegraf'), 'telegraf', 'telegraf');
 * ```
 */
export function authorizeWrite(user: UserInfo | undefined, username: string, database: string): void {
  if (user !== undefined && authorizeDatabase(user, Privilege.Write, database)) return;
  throw notAuthorized(`${username} not authorized to write to ${database}`);
}

/**
 * Returns normally if `user` may execute `statements` on `database`.
 *
 * @param users all users: while there are none, only a first statement that creates an administrator is allowed
 * @throws CfluxError `NOT_AUTHORIZED`
 * @example
 * ```ts
 * await client.setPrivilege('telegraf', 'telegraf', Privilege.Read);
 * const [users, user] = [await client.users(), await client.authenticate('telegraf', 'x')];
 * const select = { text: 'SELECT * FROM cpu', requires: [{ privilege: Privilege.Read }] };
 * authorizeQuery(users, user, [select], 'telegraf');
 * ```
 */
export function authorizeQuery(
  users: readonly UserInfo[],
  user: UserInfo | undefined,
  statements: readonly AuthorizedStatement[],
  database: string,
): void {
  if (users.length === 0) {
    if (statements[0]?.createsAdmin) return;
    throw notAuthorized('create admin user first or disable authentication');
  }
  if (user === undefined) throw notAuthorized('no user provided');
  if (user.admin) return;
  for (const { text, requires } of statements) {
    for (const required of requires) {
      const refusal = `${user.name} not authorized to execute statement '${text}', requires`;
      if (required.admin) throw notAuthorized(`${refusal} admin privilege`);
      const target = required.database || database;
      if (!authorizeDatabase(user, required.privilege, target)) {
        throw notAuthorized(`${refusal} ${privilegeNames.get(required.privilege) ?? ''} on ${target}`);
      }
    }
  }
}
