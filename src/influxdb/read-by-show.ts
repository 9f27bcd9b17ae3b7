import { CfluxError } from '../errors.js';
import type {
  ContinuousQueryInfo,
  DatabaseInfo,
  MetaData,
  RetentionPolicyInfo,
  SubscriptionInfo,
  UserInfo,
} from '../meta/records.js';
import { parseGoDuration } from './go-duration.js';
import type { InfluxConnection } from './influx-connection.js';
import { MissingColumns, type StatementResult } from './influx-results.js';
import { quoteIdentifier, whyInexpressible } from './influxql.js';
import type { Json } from './lossless-json.js';
import { statementError } from './statement-error.js';
import { type WriteLimits, writeLimits } from './write-limits.js';

/** Maximum read statements in one request; each is short, and a form body may have 10 MiB. */
const batchSize = 500;

/**
 * Reads the schema of a server by SHOW statements: databases, policies, subscriptions, continuous queries, users and privileges.
 * Password hashes, shard groups, ids and counters are empty, because SHOW does not return them.
 */
export async function readByShow(connection: InfluxConnection, signal?: AbortSignal): Promise<MetaData> {
  // SHOW USERS comes first, because it is refused for a user who would see only a part of the databases.
  const first = ['SHOW USERS', 'SHOW DATABASES', 'SHOW CONTINUOUS QUERIES', 'SHOW SUBSCRIPTIONS'];
  const [users, databases, queries, subscriptions] = (await connection.read(first, signal)).map(orThrow);
  const names = rowsOf(withSeries(databases, 'SHOW DATABASES')).map((row) => text(row, 'name'));
  const queriesOf = byDatabase(queries);
  const subscriptionsOf = byDatabase(subscriptions);
  return {
    term: 0n,
    index: 0n,
    clusterId: 0n,
    databases: await readDatabases(connection, names, queriesOf, subscriptionsOf, signal),
    users: await readUsers(connection, rowsOf(withSeries(users, 'SHOW USERS')), signal),
    maxNodeId: 0n,
    maxShardGroupId: 0n,
    maxShardId: 0n,
  };
}

async function readDatabases(
  connection: InfluxConnection,
  names: readonly string[],
  queriesOf: ReadonlyMap<string, readonly Row[]>,
  subscriptionsOf: ReadonlyMap<string, readonly Row[]>,
  signal: AbortSignal | undefined,
): Promise<DatabaseInfo[]> {
  const policies = await readEach(
    connection,
    names,
    (name) => `SHOW RETENTION POLICIES ON ${quoteIdentifier(name)}`,
    signal,
  );
  const databases: DatabaseInfo[] = [];
  for (const [name, answer] of policies) {
    const subscriptions = subscriptionsOf.get(name) ?? [];
    const rows = rowsOf(answer);
    const standard = rows.find((row) => row['default'] === true);
    databases.push({
      name,
      defaultRetentionPolicy: standard
        ? text(standard, 'name')
        : await readDanglingDefault(connection, name, signal),
      retentionPolicies: rows.map((row) => policyOf(row, subscriptions)),
      continuousQueries: (queriesOf.get(name) ?? []).map(queryOf),
    });
  }
  return databases;
}

async function readUsers(
  connection: InfluxConnection,
  rows: readonly Row[],
  signal: AbortSignal | undefined,
): Promise<UserInfo[]> {
  const admins = new Map(rows.map((row) => [text(row, 'user'), row['admin'] === true]));
  const grants = await readEach(
    connection,
    [...admins.keys()],
    (user) => `SHOW GRANTS FOR ${quoteIdentifier(user)}`,
    signal,
  );
  return grants.map(([name, answer]) => ({
    name,
    hash: '',
    admin: admins.get(name) ?? false,
    privileges: new Map(rowsOf(answer).map((row) => [text(row, 'database'), privilegeOf(row)])),
  }));
}

/** Executes `statementOf` for each of `names`, many per request; items that were dropped meanwhile are omitted. */
async function readEach(
  connection: InfluxConnection,
  names: readonly string[],
  statementOf: (name: string) => string,
  signal: AbortSignal | undefined,
): Promise<[name: string, answer: StatementResult][]> {
  const found: [string, StatementResult][] = [];
  let at = 0;
  while (at < names.length) {
    const batch: string[] = [];
    for (const name of names.slice(at, at + batchSize)) {
      if (whyInexpressible(name) !== undefined) break;
      batch.push(name);
    }
    // It exists, but InfluxQL cannot express a query for its parts.
    if (batch.length === 0) {
      found.push([names[at] ?? '', { series: [] }]);
      at += 1;
      continue;
    }
    const answers = await connection.read(batch.map(statementOf), signal);
    // A failed statement is the last one of its request that was executed.
    const failed = answers.findIndex(({ error }) => error !== undefined);
    const good = failed === -1 ? batch.length : failed;
    for (const [index, name] of batch.slice(0, good).entries())
      found.push([name, withSeries(answers[index], statementOf(name))]);
    if (failed !== -1) expectGone(answers[failed]?.error ?? '');
    at += failed === -1 ? good : good + 1;
  }
  return found;
}

function expectGone(error: string): void {
  const failure = statementError(error);
  if (failure.code !== 'DATABASE_NOT_FOUND' && failure.code !== 'USER_NOT_FOUND') throw failure;
}

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

type Row = { readonly [column: string]: Json };

function rowsOf(answer: StatementResult | undefined): Row[] {
  return (answer?.series ?? []).flatMap(({ columns, values }) =>
    values.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at] ?? null]))),
  );
}

function byDatabase(answer: StatementResult | undefined): Map<string, Row[]> {
  return new Map((answer?.series ?? []).map((series) => [series.name, rowsOf({ series: [series] })]));
}

function policyOf(row: Row, subscriptions: readonly Row[]): RetentionPolicyInfo {
  const name = text(row, 'name');
  return {
    name,
    replicaN: replicas(row),
    duration: duration(row, 'duration'),
    shardGroupDuration: duration(row, 'shardGroupDuration'),
    ...limitsOf(row),
    shardGroups: [],
    subscriptions: subscriptions
      .filter((subscription) => subscription['retention_policy'] === name)
      .map(subscriptionOf),
  };
}

/** Servers before InfluxDB 1.12 do not have these columns. */
const limitsOf = (row: Row): WriteLimits =>
  Object.fromEntries(
    writeLimits.flatMap(({ field }) => (row[field] === undefined ? [] : [[field, duration(row, field)]])),
  );

function subscriptionOf(row: Row): SubscriptionInfo {
  const destinations = row['destinations'];
  return {
    name: text(row, 'name'),
    mode: text(row, 'mode'),
    destinations: Array.isArray(destinations) ? destinations.map(String) : [],
  };
}

const queryOf = (row: Row): ContinuousQueryInfo => ({ name: text(row, 'name'), query: text(row, 'query') });

// A map, because the server sends the names, and an object has inherited keys such as `constructor` and `__proto__`.
const privileges: ReadonlyMap<string, number> = new Map([
  ['NO PRIVILEGES', 0],
  ['READ', 1],
  ['WRITE', 2],
  ['ALL PRIVILEGES', 3],
]);

function privilegeOf(row: Row): number {
  const privilege = privileges.get(text(row, 'privilege'));
  if (privilege === undefined) throw unexpected(`privilege ${JSON.stringify(row['privilege'])}`);
  return privilege;
}

function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw unexpected(`no string in column ${column}`);
  return value;
}

/** Parses a replication factor, which is an unsigned 32-bit integer in InfluxDB's metadata. */
function replicas(row: Row): number {
  const value = row['replicaN'];
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
  throw unexpected(`replicaN ${String(value).slice(0, 40)}`);
}

/** InfluxDB refuses negative durations. */
function duration(row: Row, column: string): bigint {
  const value = parseGoDuration(text(row, column));
  if (value >= 0n) return value;
  throw unexpected(`a negative ${column}`);
}

const unexpected = (what: string) =>
  new CfluxError('BAD_ANSWER', `unexpected response of InfluxDB: ${what}`, { retryable: true });

/** Checks for a series: these statements return their columns even without rows, so otherwise another program responded. */
function withSeries(answer: StatementResult | undefined, statement: string): StatementResult {
  if (answer !== undefined && answer.series.length > 0) return answer;
  throw new MissingColumns(statement);
}

function orThrow(answer: StatementResult): StatementResult {
  if (answer.error !== undefined) throw statementError(answer.error);
  return answer;
}
