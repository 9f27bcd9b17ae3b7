import { CfluxError } from '../errors.js';
import { LocalMetaClient } from '../meta/local-meta-client.js';
import { findByName } from '../meta/named-list.js';
import type { Password } from '../meta/password.js';
import {
  type DatabaseInfo,
  type MetaData,
  Privilege,
  type RetentionPolicyInfo,
  type UserInfo,
} from '../meta/records.js';
import { printDuration } from './duration-literal.js';
import { executeChange } from './execute/execute-change.js';
import { isRead } from './execute/read-metadata.js';
import { parseStatements } from './parse-statements.js';
import { printName, printString } from './print/quote.js';

/** Metadata as statements. */
export interface WrittenSchema {
  /** Statements in executable order, one per entry; passwords are parameters, `$` and the name of the user. */
  readonly statements: readonly string[];
  /** Descriptions of what InfluxQL cannot express, so that these statements omit it. */
  readonly omitted: readonly string[];
}

/**
 * Returns the statements that create `data` from empty metadata. Each is tried; what statements cannot create is in `omitted`.
 *
 * @example
 * ```ts
 * const { statements } = await writeSchema(await client.data());
 * console.log(statements.join(';\n'));
 * ```
 */
export async function writeSchema(data: MetaData): Promise<WrittenSchema> {
  const written: string[] = [];
  const omitted: string[] = [];
  const meta = new LocalMetaClient();
  const names = data.users.map(({ name }) => [name, '']);
  for (const statement of statementsOf(data)) {
    const reason = await tried(meta, statement, Object.fromEntries(names));
    if (reason === undefined) written.push(statement);
    else omitted.push(`${JSON.stringify(statement)}: ${reason}`);
  }
  return { statements: written, omitted: [...omitted, ...missing(data, meta.data())] };
}

/** A placeholder hash, because no user logs in to the metadata that statements are tried on. */
const noPassword: Password = { hash: '', matches: async () => true };

/** Executes a statement; returns the reason if it cannot. A stored text with more than one statement is invalid. */
async function tried(
  meta: LocalMetaClient,
  text: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  try {
    const [placed, another] = parseStatements(text, parameters);
    if (placed === undefined || another !== undefined || placed.statement.kind === 'server')
      return 'it is not one statement';
    if (isRead(placed.statement)) return 'it changes nothing';
    await executeChange(meta, placed.statement, { password: noPassword });
    return undefined;
  } catch (error) {
    return CfluxError.from(error).message;
  }
}

/** Continuous queries come after all databases, because they may read and write other databases. */
function* statementsOf({ databases, users }: MetaData): Generator<string> {
  for (const database of databases) yield* databaseStatements(database);
  for (const { continuousQueries } of databases) for (const { query } of continuousQueries) yield query;
  for (const user of users) yield* userStatements(user);
}

/** The values of `autogen`, which CREATE DATABASE creates. */
const automatic = 'DURATION INF REPLICATION 1 SHARD DURATION 1w';

function* databaseStatements(database: DatabaseInfo): Generator<string> {
  const { retentionPolicies, defaultRetentionPolicy } = database;
  const name = printName(database.name);
  // A missing default policy was dropped, so drop it here too.
  const isDropped = findByName(retentionPolicies, defaultRetentionPolicy) === undefined;
  const [first, ...others] = isDropped ? [undefined, ...retentionPolicies] : retentionPolicies;
  const values = first === undefined ? automatic : valuesOf(first) + limitsOf(first);
  const policy = first === undefined ? defaultRetentionPolicy || 'autogen' : first.name;
  yield policy === 'autogen' && values === automatic
    ? `CREATE DATABASE ${name}`
    : `CREATE DATABASE ${name} WITH ${values} NAME ${printName(policy)}`;
  for (const other of others) {
    if (other === undefined) continue;
    const isDefault = other.name === defaultRetentionPolicy ? ' DEFAULT' : '';
    yield `CREATE RETENTION POLICY ${printName(other.name)} ON ${name} ${valuesOf(other)}${isDefault}${limitsOf(other)}`;
  }
  if (isDropped) yield `DROP RETENTION POLICY ${printName(policy)} ON ${name}`;
  for (const each of retentionPolicies) {
    for (const { name: subscription, mode, destinations } of each.subscriptions) {
      const place = `${printName(subscription)} ON ${name}.${printName(each.name)}`;
      yield `CREATE SUBSCRIPTION ${place} DESTINATIONS ${mode} ${destinations.map(printString).join(', ')}`;
    }
  }
}

function valuesOf(policy: RetentionPolicyInfo): string {
  const { duration, replicaN, shardGroupDuration } = policy;
  return `DURATION ${duration === 0n ? 'INF' : printDuration(duration)} REPLICATION ${replicaN} SHARD DURATION ${printDuration(shardGroupDuration)}`;
}

/** The write limits, with a space before each; empty if there are none, so that servers before InfluxDB 1.12 accept the statement. */
function limitsOf({ futureWriteLimit = 0n, pastWriteLimit = 0n }: RetentionPolicyInfo): string {
  const future = futureWriteLimit === 0n ? '' : ` FUTURE LIMIT ${printDuration(futureWriteLimit)}`;
  return pastWriteLimit === 0n ? future : `${future} PAST LIMIT ${printDuration(pastWriteLimit)}`;
}

const levels: ReadonlyMap<number, string> = new Map([
  [Privilege.Read, 'GRANT READ'],
  [Privilege.Write, 'GRANT WRITE'],
  [Privilege.All, 'GRANT ALL PRIVILEGES'],
]);

function* userStatements({ name, admin, privileges }: UserInfo): Generator<string> {
  const user = printName(name);
  yield `CREATE USER ${user} WITH PASSWORD $${user}${admin ? ' WITH ALL PRIVILEGES' : ''}`;
  for (const [database, privilege] of privileges) {
    const level = levels.get(privilege);
    // Revoking leaves an entry without any privilege.
    if (level !== undefined) yield `${level} ON ${printName(database)} TO ${user}`;
    else if (privilege === Privilege.None)
      yield `REVOKE ALL PRIVILEGES ON ${printName(database)} FROM ${user}`;
  }
}

/** Describes what of `data` is not in `made`. */
function missing(data: MetaData, made: MetaData): readonly string[] {
  const found: string[] = [];
  let groups = 0;
  for (const database of data.databases) {
    groups += database.retentionPolicies.reduce((sum, { shardGroups }) => sum + shardGroups.length, 0);
    found.push(...missingOfDatabase(database, findByName(made.databases, database.name)));
  }
  for (const user of data.users) {
    const other = findByName(made.users, user.name)?.privileges ?? new Map();
    for (const [name, privilege] of user.privileges) {
      if (other.get(name) !== privilege)
        found.push(`user ${JSON.stringify(user.name)}: privilege ${privilege} on ${JSON.stringify(name)}`);
    }
  }
  if (groups > 0) found.push(`${groups} shard groups: servers make them for their points`);
  return found;
}

function missingOfDatabase(database: DatabaseInfo, made: DatabaseInfo | undefined): readonly string[] {
  const name = `database ${JSON.stringify(database.name)}`;
  if (made === undefined) return [name];
  const found: string[] = [];
  if (made.defaultRetentionPolicy !== database.defaultRetentionPolicy) {
    found.push(`${name}: its default policy is ${JSON.stringify(database.defaultRetentionPolicy)}`);
  }
  for (const policy of database.retentionPolicies) {
    const other = findByName(made.retentionPolicies, policy.name);
    const values = valuesOf(policy) + limitsOf(policy);
    if (other === undefined || valuesOf(other) + limitsOf(other) !== values) {
      found.push(`${name}: retention policy ${JSON.stringify(policy.name)} with ${values}`);
    }
  }
  for (const query of database.continuousQueries) {
    const other = findByName(made.continuousQueries, query.name);
    if (other?.query !== query.query)
      found.push(`${name}: the text of continuous query ${JSON.stringify(query.name)}`);
  }
  return found;
}
