import { CfluxError, isCfluxError } from '../../errors.js';
import { requiredPrivileges } from '../../influxql/required-privileges.js';
import type { ClusterStatement, MetadataRead } from '../../influxql/statement.js';
import { authorizeQuery } from '../../meta/authorization.js';
import type { MetaClient } from '../../meta/meta-client.js';
import { findByName } from '../../meta/named-list.js';
import type { UserInfo } from '../../meta/records.js';
import { authenticationFailed } from '../../meta/refusals.js';
import type { Actor } from './login-judge.js';

/** On whose behalf a statement is executed on the cluster, and what that permits. */
export interface Authority {
  /** The verified user; `undefined` if the server does not require credentials. */
  readonly actor?: Actor | undefined;
  /** Why nothing is executed on the cluster. */
  readonly obstacle?: string;
  /** Whether the statement creates the first administrator, without a user. */
  readonly isFounder?: boolean;
  /** The database of the request. */
  readonly database: string;
  /** The account of the agent on its server. */
  readonly account: string | undefined;
  /** Resolves with whether the server has no user; for a founder. */
  readonly isServerWithoutUsers: () => Promise<boolean>;
}

/** Why a whole request is refused. A `text` with 401 or 403 is the server's. */
export interface Refusal {
  readonly status: 401 | 403 | 503;
  readonly text: string;
}

/**
 * Checks, on the metadata that a statement is about to change, that it may be executed (R32).
 *
 * @throws CfluxError `NOT_AUTHORIZED`, `AUTHENTICATION_FAILED`, `LAST_ADMINISTRATOR`, `FORBIDDEN`
 */
export async function expectPermitted(
  meta: MetaClient,
  statement: ClusterStatement,
  authority: Authority,
): Promise<void> {
  expectOtherAccount(statement, authority.account);
  if (authority.isFounder) return expectFounding(meta, authority);
  if (authority.actor === undefined) return;
  const users = await meta.users();
  authorize(users, [statement], authority);
  expectAdministratorLeft(users, statement);
}

/**
 * Checks that the user is still the one that logged in, and may execute `statements`.
 *
 * @throws CfluxError `NOT_AUTHORIZED`, `AUTHENTICATION_FAILED`
 */
export function authorize(
  users: readonly UserInfo[],
  statements: readonly (ClusterStatement | MetadataRead)[],
  { actor, database }: Pick<Authority, 'actor' | 'database'>,
): void {
  if (actor === undefined) return;
  const user = findByName(users, actor.name);
  if (user?.hash !== actor.hash) throw authenticationFailed();
  authorizeQuery(users, user, statements.map(requiredPrivileges), database);
}

/** Returns the refusal of a whole request for an error of `authorize`. */
export function refusalFor(error: unknown): Refusal {
  if (isCfluxError(error, 'NOT_AUTHORIZED'))
    return { status: 403, text: `error authorizing query: ${error.message}` };
  if (isCfluxError(error, 'AUTHENTICATION_FAILED')) return { status: 401, text: 'authorization failed' };
  throw CfluxError.from(error);
}

/** Only in a cluster without users, and before a server without users. */
async function expectFounding(meta: MetaClient, { isServerWithoutUsers }: Authority): Promise<void> {
  const users = await meta.users();
  if (users.length > 0 || !(await isServerWithoutUsers())) throw authenticationFailed();
}

/** Without one, users could only be managed after authentication was switched off. */
function expectAdministratorLeft(users: readonly UserInfo[], statement: ClusterStatement): void {
  const removed =
    statement.kind === 'dropUser'
      ? statement.name
      : statement.kind === 'revokeAdmin'
        ? statement.user
        : undefined;
  if (removed === undefined || findByName(users, removed)?.admin !== true) return;
  if (users.some(({ name, admin }) => admin && name !== removed)) return;
  throw new CfluxError(
    'LAST_ADMINISTRATOR',
    `cannot remove the last administrator ${JSON.stringify(removed)}: create another one first`,
  );
}

/** The agent would lose its server. */
function expectOtherAccount(statement: ClusterStatement, account: string | undefined): void {
  const user =
    statement.kind === 'setPassword' || statement.kind === 'dropUser'
      ? statement.name
      : statement.kind === 'revoke' || statement.kind === 'revokeAdmin'
        ? statement.user
        : undefined;
  if (user === undefined || user !== account) return;
  throw new CfluxError(
    'FORBIDDEN',
    `cannot change ${JSON.stringify(user)} through this gateway: it is the account of its agent on the server; start the agent with another --username and --password-file first`,
  );
}
