import { CfluxError, type CfluxErrorCode } from '../../errors.js';
import type { InfluxConnection } from '../connect/influx-connection.js';
import { isRefusal, statementError } from '../connect/statement-error.js';
import type { Action } from '../statements/action.js';
import { influxqlOf } from '../statements/statement.js';

export interface RunOptions {
  /** The password that the action sets. */
  readonly password?: string | undefined;
  /** Whether a user gave this very change to this server: it is then not checked whether it may be made. Default: false. */
  readonly isOrdered?: boolean;
  /** Whether the caller logs in as the user that the action creates, or sets its password. Default: false. */
  readonly isLoginNext?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes one change of a server. Resolves with the reason if the server refused it, or if it must not be made any more; rejects if
 * the server cannot be used.
 */
export async function runStep(
  connection: InfluxConnection,
  action: Action,
  { password, isOrdered = false, isLoginNext = false, signal }: RunOptions = {},
): Promise<string | undefined> {
  const [first = '', ...others] = influxqlOf(action, password);
  if (action.kind === 'createUser' && !isLoginNext && connection.address.username !== undefined) {
    // A server keeps verified passwords, also that of a user of this name that was dropped, until the next one is set.
    others.push(...influxqlOf({ kind: 'setPassword', user: action.user }, password));
  }
  const options = { secret: password !== undefined, signal };
  try {
    if (!isOrdered) await guard(connection, action, signal);
    const wasThere = await executeUnless(harmless[action.kind] ?? [], () =>
      connection.execute(first, options),
    );
    // The first statement creates a subscription that was dropped meanwhile.
    if (action.kind === 'replaceSubscription' && !wasThere) return undefined;
    for (const statement of others) await connection.execute(statement, options);
    return undefined;
  } catch (error) {
    if (isRefusal(error)) return error.message;
    throw error;
  }
}

/** Harmless refusals of the first statement: the item is already as wanted, or an older one still exists. */
const harmless: Partial<Record<Action['kind'], readonly CfluxErrorCode[]>> = {
  replaceContinuousQuery: ['CONTINUOUS_QUERY_EXISTS'],
  replaceSubscription: ['SUBSCRIPTION_EXISTS'],
  dropSubscription: ['SUBSCRIPTION_NOT_FOUND', 'DATABASE_NOT_FOUND', 'RETENTION_POLICY_NOT_FOUND'],
  dropUser: ['USER_NOT_FOUND'],
  revoke: ['USER_NOT_FOUND', 'DATABASE_NOT_FOUND'],
};

/** Resolves with whether `run` was refused with one of `codes`. */
async function executeUnless(codes: readonly CfluxErrorCode[], run: () => Promise<void>): Promise<boolean> {
  try {
    await run();
    return false;
  } catch (error) {
    if (isRefusal(error) && codes.includes(error.code)) return true;
    throw error;
  }
}

/** Checks the server again immediately before an irreversible change, because the plan is some statements old. */
async function guard(
  connection: InfluxConnection,
  action: Action,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (action.kind === 'dropScaffold') {
    const groups = await rows(connection, 'SHOW SHARD GROUPS', ['database', 'retention_policy'], signal);
    const isUsed = groups.some(
      ([database, policy]) => database === action.database && policy === action.policy,
    );
    if (isUsed) throw refused('points were written to it meanwhile');
  }
  if (action.kind === 'dropUser' || (action.kind === 'setAdmin' && !action.admin)) {
    const users = await rows(connection, 'SHOW USERS', ['user', 'admin'], signal);
    const admins = users.filter(([, admin]) => admin === true).map(([user]) => user);
    if (admins.length === 1 && admins[0] === action.user)
      throw refused('it is the last administrator on this server');
  }
}

const refused = (why: string) => new CfluxError('STATEMENT_REFUSED', why, { outcome: 'notApplied' });

async function rows(
  connection: InfluxConnection,
  statement: string,
  columns: readonly string[],
  signal: AbortSignal | undefined,
): Promise<unknown[][]> {
  const [answer] = await connection.read([statement], signal);
  if (answer?.error !== undefined) throw statementError(answer.error);
  return (answer?.series ?? []).flatMap((series) =>
    series.values.map((row) => columns.map((column) => row[series.columns.indexOf(column)])),
  );
}
