import { CfluxError } from '../../errors.js';
import type { MetaClient } from '../../meta/meta-client.js';
import { isValidName } from '../../meta/names.js';
import { Privilege, type RetentionPolicyUpdate } from '../../meta/records.js';
import { continuousQueryText } from '../continuous-query-text.js';
import { databasesOf } from '../qualify-select.js';
import { sameQueryText } from '../same-query-text.js';
import type { ClusterStatement, GrantLevel, PolicyOptions } from '../statement.js';
import type { ExecutionContext } from './context.js';

type Of<K extends ClusterStatement['kind']> = Extract<ClusterStatement, { kind: K }>;

const levels: Readonly<Record<GrantLevel, number>> = {
  READ: Privilege.Read,
  WRITE: Privilege.Write,
  'ALL PRIVILEGES': Privilege.All,
};

/**
 * Executes one change like InfluxDB's query layer, with the same checks and error texts.
 *
 * @returns the stored text of a continuous query
 * @throws CfluxError with InfluxDB's own text
 */
export async function executeChange(
  meta: MetaClient,
  statement: ClusterStatement,
  context: ExecutionContext,
): Promise<string | undefined> {
  if (statement.kind === 'createContinuousQuery') return createContinuousQuery(meta, statement, context);
  await change(meta, statement, context);
  return undefined;
}

async function change(
  meta: MetaClient,
  statement: Exclude<ClusterStatement, { kind: 'createContinuousQuery' }>,
  context: ExecutionContext,
): Promise<void> {
  switch (statement.kind) {
    case 'createDatabase':
      return createDatabase(meta, statement);
    case 'dropDatabase':
      return meta.dropDatabase(statement.name);
    case 'createRetentionPolicy':
    case 'alterRetentionPolicy':
      return changePolicy(meta, statement);
    case 'dropRetentionPolicy':
      return meta.dropRetentionPolicy(statement.database, statement.name);
    case 'dropContinuousQuery':
      return meta.dropContinuousQuery(statement.database, statement.name);
    case 'createSubscription': {
      const { database, policy, name, mode, destinations } = statement;
      return meta.createSubscription(database, policy, name, mode, destinations);
    }
    case 'dropSubscription':
      return meta.dropSubscription(statement.database, statement.policy, statement.name);
    case 'createUser':
      await meta.createUser(statement.name, context.password ?? statement.password, statement.admin);
      return;
    case 'setPassword':
      return meta.updateUser(statement.name, context.password ?? statement.password);
    case 'dropUser':
      return meta.dropUser(statement.name);
    case 'grant':
      return meta.setPrivilege(statement.user, statement.database, levels[statement.level]);
    case 'revoke':
      return revoke(meta, statement);
    case 'grantAdmin':
    case 'revokeAdmin':
      return meta.setAdminPrivilege(statement.user, statement.kind === 'grantAdmin');
  }
}

const invalidName = () => new CfluxError('INVALID_NAME', 'invalid name');

async function createDatabase(meta: MetaClient, { name, options }: Of<'createDatabase'>): Promise<void> {
  if (!isValidName(name)) throw invalidName();
  if (options === undefined) {
    await meta.createDatabase(name);
    return;
  }
  const { policy = '' } = options;
  if (policy !== '' && !isValidName(policy)) throw invalidName();
  await meta.createDatabaseWithRetentionPolicy(name, { name: policy, ...policyValues(options) });
}

async function changePolicy(
  meta: MetaClient,
  { kind, name, database, options }: Of<'createRetentionPolicy' | 'alterRetentionPolicy'>,
): Promise<void> {
  const values = policyValues(options);
  if (kind === 'alterRetentionPolicy')
    return meta.updateRetentionPolicy(database, name, values, options.makeDefault);
  if (!isValidName(name)) throw invalidName();
  await meta.createRetentionPolicy(database, { name, ...values }, options.makeDefault);
}

function policyValues(options: Omit<PolicyOptions, 'makeDefault'>) {
  const { duration, replication, shardDuration, futureLimit, pastLimit } = options;
  const values: { -readonly [K in keyof RetentionPolicyUpdate]: RetentionPolicyUpdate[K] } = {};
  if (duration !== undefined) values.duration = duration;
  if (replication !== undefined) values.replicaN = replication;
  if (shardDuration !== undefined) values.shardGroupDuration = shardDuration;
  if (futureLimit !== undefined) values.futureWriteLimit = futureLimit;
  if (pastLimit !== undefined) values.pastWriteLimit = pastLimit;
  return values;
}

/** An existing query with the same meaning is not a conflict, even if its text differs. */
async function createContinuousQuery(
  meta: MetaClient,
  statement: Of<'createContinuousQuery'>,
  context: ExecutionContext,
): Promise<string> {
  const database = await meta.database(statement.database);
  const databases = database === undefined ? [] : [database];
  // Reading the whole metadata would make the next change copy it.
  for (const name of databasesOf(statement.select, context.database || statement.database)) {
    const other = name === statement.database ? undefined : await meta.database(name);
    if (other !== undefined) databases.push(other);
  }
  const text = continuousQueryText(statement, { databases }, context);
  const existing = database?.continuousQueries.find(({ name }) => name === statement.name);
  const isSame = existing !== undefined && sameQueryText(existing.query, text);
  await meta.createContinuousQuery(statement.database, statement.name, isSame ? existing.query : text);
  return text;
}

/** Clears bits, and keeps an entry without privileges, like InfluxDB. */
async function revoke(meta: MetaClient, { level, database, user }: Of<'grant' | 'revoke'>): Promise<void> {
  const remaining =
    level === 'ALL PRIVILEGES' ? Privilege.None : (await meta.userPrivilege(user, database)) & ~levels[level];
  return meta.setPrivilege(user, database, remaining);
}
