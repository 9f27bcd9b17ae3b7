import type { ClusterStatement } from '../../influxql/statement.js';
import type { MetaClient } from '../../meta/meta-client.js';
import { findByName } from '../../meta/named-list.js';
import type { MetaData } from '../../meta/records.js';

/** As {@link isAbsent}, by the metadata of the cluster. */
export const isAbsentIn = ({ databases, users }: MetaData, statement: ClusterStatement): Promise<boolean> =>
  isAbsent({ database: (name) => findByName(databases, name), users: () => users }, statement);

/** Returns whether a DROP concerns something that the cluster does not have, so that only a server may have it. */
export async function isAbsent(
  meta: Pick<MetaClient, 'database' | 'users'>,
  statement: ClusterStatement,
): Promise<boolean> {
  if (statement.kind === 'dropUser') {
    const users = await meta.users();
    return users.every(({ name }) => name !== statement.name);
  }
  if (statement.kind === 'dropDatabase') return (await meta.database(statement.name)) === undefined;
  if (
    statement.kind !== 'dropRetentionPolicy' &&
    statement.kind !== 'dropContinuousQuery' &&
    statement.kind !== 'dropSubscription'
  )
    return false;
  const database = await meta.database(statement.database);
  if (statement.kind === 'dropContinuousQuery')
    return database?.continuousQueries.every(({ name }) => name !== statement.name) ?? true;
  const wanted = statement.kind === 'dropRetentionPolicy' ? statement.name : statement.policy;
  const policy = database?.retentionPolicies.find(({ name }) => name === wanted);
  if (statement.kind === 'dropRetentionPolicy' || policy === undefined) return policy === undefined;
  return policy.subscriptions.every(({ name }) => name !== statement.name);
}
