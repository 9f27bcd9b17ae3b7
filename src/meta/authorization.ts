import { Privilege, type UserInfo } from './records.js';
import { notAuthorized } from './refusals.js';

/** What a statement needs on one database, or, with `admin`, an admin. */
export interface RequiredPrivilege {
  readonly admin?: boolean;
  /** Default: the database that the query is sent to. */
  readonly database?: string;
  readonly privilege: number;
}

/** A statement of a query, as far as authorization looks at it. */
export interface AuthorizedStatement {
  /** As InfluxQL prints it, for the refusal. */
  readonly text: string;
  readonly requires: readonly RequiredPrivilege[];
  /** It is CREATE USER … WITH ALL PRIVILEGES, the one that may be run while there is no user. */
  readonly createsAdmin?: boolean;
}

const privilegeNames: ReadonlyMap<number, string> = new Map([
  [Privilege.None, 'NO PRIVILEGES'],
  [Privilege.Read, 'READ'],
  [Privilege.Write, 'WRITE'],
  [Privilege.All, 'ALL PRIVILEGES'],
]);

/**
 * Whether `user` has `privilege` on `database`: as an admin, or by a grant of just that or of all. Writing does not include reading.
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
 * Passes if `user` may write to `database`.
 *
 * @param username For the refusal, where there is no such user.
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
 * Passes if `user` may run `statements`, sent to `database`.
 *
 * @param users All there are: as long as there is none, only a first statement that creates an admin passes.
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
