import { type CfluxError, isCfluxError } from '../../errors.js';
import type { ContinuousQueryInfo, DatabaseInfo, MetaData, UserInfo } from '../../meta/records.js';
import type { InfluxConnection } from '../connect/influx-connection.js';
import { MissingColumns, type StatementResult } from '../connect/influx-results.js';
import { quoteIdentifier, whyInexpressible } from '../statements/influxql.js';
import { PartReader } from './read-apart.js';
import {
  adminsIn,
  byDatabase,
  policiesIn,
  privilegeOf,
  queryOf,
  rowsOf,
  type ShownSubscription,
  shownSubscription,
  text,
} from './shown-rows.js';
import type { Unread } from './unread.js';

/** Maximum read statements in one request; each is short, and a form body may have 10 MiB. */
const batchSize = 500;

/** The schema of a server, without what could not be read. */
export interface SchemaShown {
  readonly metadata: MetaData;
  readonly unread: Unread;
}

/**
 * Reads the schema of a server by SHOW statements: databases, policies, subscriptions, continuous queries, users and privileges.
 * Password hashes, shard groups, ids and counters are empty, because SHOW does not return them. Rejects if the names of the databases
 * cannot be read; another statement that fails leaves only its own part unread.
 */
export async function readByShow(connection: InfluxConnection, signal?: AbortSignal): Promise<SchemaShown> {
  const reader = new PartReader(connection, signal);
  // SHOW USERS comes first, because it is refused for a user who would see only a part of the databases.
  const first = ['SHOW USERS', 'SHOW DATABASES', 'SHOW CONTINUOUS QUERIES', 'SHOW SUBSCRIPTIONS'];
  const [users, databases, queries, subscriptions] = await reader.read(first);
  if (isCfluxError(databases)) throw databases;
  const parts = {
    names: rowsOf(withSeries(databases, 'SHOW DATABASES')).map((row) => text(row, 'name')),
    queries: reader.parse(
      { statement: 'SHOW CONTINUOUS QUERIES', part: { of: 'continuousQueries' } },
      queries,
      (result) => byDatabase(result, queryOf),
      new Map(),
    ),
    subscriptions: reader.parse(
      { statement: 'SHOW SUBSCRIPTIONS', part: { of: 'subscriptions' } },
      subscriptions,
      (result) => byDatabase(result, shownSubscription),
      new Map(),
    ),
  };
  const admins = reader.parse(
    { statement: 'SHOW USERS', part: { of: 'users' } },
    users,
    (result) => adminsIn(withSeries(result, 'SHOW USERS')),
    new Map(),
  );
  const metadata = {
    term: 0n,
    index: 0n,
    clusterId: 0n,
    databases: await readDatabases(connection, reader, parts, signal),
    users: await readUsers(reader, admins),
    maxNodeId: 0n,
    maxShardGroupId: 0n,
    maxShardId: 0n,
  };
  return { metadata, unread: reader.unread };
}

interface Parts {
  readonly names: readonly string[];
  readonly queries: ReadonlyMap<string, readonly ContinuousQueryInfo[]>;
  readonly subscriptions: ReadonlyMap<string, readonly ShownSubscription[]>;
}

async function readDatabases(
  connection: InfluxConnection,
  reader: PartReader,
  { names, queries, subscriptions }: Parts,
  signal: AbortSignal | undefined,
): Promise<DatabaseInfo[]> {
  const statementOf = (name: string) => `SHOW RETENTION POLICIES ON ${quoteIdentifier(name)}`;
  const databases: DatabaseInfo[] = [];
  for (const [database, result] of await readEach(reader, names, statementOf)) {
    const statement = statementOf(database);
    const policies = reader.parse(
      { statement, part: { of: 'policies', database } },
      result,
      (shown) => policiesIn(shown, subscriptions.get(database) ?? []),
      undefined,
    );
    databases.push({
      name: database,
      defaultRetentionPolicy:
        policies === undefined
          ? ''
          : (policies.standard ?? (await readDanglingDefault(connection, database, signal))),
      retentionPolicies: policies?.list ?? [],
      continuousQueries: queries.get(database) ?? [],
    });
  }
  return databases;
}

async function readUsers(reader: PartReader, admins: ReadonlyMap<string, boolean>): Promise<UserInfo[]> {
  const statementOf = (user: string) => `SHOW GRANTS FOR ${quoteIdentifier(user)}`;
  const grants = await readEach(reader, [...admins.keys()], statementOf);
  return grants.map(([user, result]) => ({
    name: user,
    hash: '',
    admin: admins.get(user) ?? false,
    privileges: reader.parse(
      { statement: statementOf(user), part: { of: 'grants', user } },
      result,
      (shown) => new Map(rowsOf(shown).map((row) => [text(row, 'database'), privilegeOf(row)])),
      new Map(),
    ),
  }));
}

/** Executes `statementOf` for each of `names`, many per request; items that were dropped meanwhile are omitted. */
async function readEach(
  reader: PartReader,
  names: readonly string[],
  statementOf: (name: string) => string,
): Promise<[name: string, result: StatementResult | CfluxError][]> {
  const found = new Map<string, StatementResult | CfluxError>();
  const expressible = names.filter((name) => whyInexpressible(name) === undefined);
  for (let at = 0; at < expressible.length; at += batchSize) {
    const batch = expressible.slice(at, at + batchSize);
    const results = await reader.read(batch.map(statementOf));
    for (const [index, name] of batch.entries()) {
      const result = results[index];
      if (result !== undefined && !isGone(result)) found.set(name, checked(result, statementOf(name)));
    }
  }
  return names.flatMap((name): [string, StatementResult | CfluxError][] => {
    // It exists, but InfluxQL cannot express a query for its parts.
    if (whyInexpressible(name) !== undefined) return [[name, { series: [] }]];
    const result = found.get(name);
    return result === undefined ? [] : [[name, result]];
  });
}

const isGone = (result: StatementResult | CfluxError) =>
  isCfluxError(result, 'DATABASE_NOT_FOUND') || isCfluxError(result, 'USER_NOT_FOUND');

const checked = (result: StatementResult | CfluxError, statement: string) =>
  isCfluxError(result) || result.series.length > 0 ? result : new MissingColumns(statement);

/**
 * Returns the default policy of a database whose default is not among its policies; `''` if it has none. SHOW does not return it,
 * but a SELECT that reads nothing fails with its name.
 */
async function readDanglingDefault(
  connection: InfluxConnection,
  database: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  if (whyInexpressible(database) !== undefined) return '';
  const [answer] = await connection.read(
    [`SELECT x FROM ${quoteIdentifier(database)}.."x" WHERE time = 0`],
    signal,
  );
  return /^retention policy not found: (.*)$/s.exec(answer?.error ?? '')?.[1] ?? '';
}

/** Checks for a series: these statements return their columns even without rows, so otherwise another program responded. */
function withSeries(answer: StatementResult | undefined, statement: string): StatementResult {
  if (answer !== undefined && answer.series.length > 0) return answer;
  throw new MissingColumns(statement);
}
