import { CfluxError } from '../../errors.js';
import { authorizeDatabase } from '../../meta/authorization.js';
import { formatDuration } from '../../meta/durations.js';
import { findByName } from '../../meta/named-list.js';
import { type MetaData, Privilege, type RetentionPolicyInfo } from '../../meta/records.js';
import { databaseNotFound, userNotFound } from '../../meta/refusals.js';
import { isAtLeast, writeLimitsSince } from '../../server-versions.js';
import type { ClusterStatement, MetadataRead } from '../statement.js';
import type { ExecutionContext } from './context.js';
import { type Series, seriesOf } from './series.js';
import { showShardGroups, showShards } from './show-shards.js';

/** Returns whether a statement only reads. */
export const isRead = (statement: ClusterStatement | MetadataRead): statement is MetadataRead =>
  statement.kind.startsWith('show');

/**
 * Returns the rows of a SHOW statement as InfluxDB does.
 *
 * @throws CfluxError with InfluxDB's own text
 */
export function readMetadata(
  data: MetaData,
  statement: MetadataRead,
  context: ExecutionContext,
): readonly Series[] {
  switch (statement.kind) {
    case 'showDatabases':
      return showDatabases(data, context);
    case 'showRetentionPolicies':
      return showRetentionPolicies(data, statement.database || context.database || '', context);
    case 'showUsers':
      return [
        seriesOf(
          undefined,
          ['user', 'admin'],
          data.users.map(({ name, admin }) => [name, admin]),
        ),
      ];
    case 'showGrants':
      return showGrants(data, statement.user);
    case 'showContinuousQueries':
      return data.databases.map(({ name, continuousQueries }) =>
        seriesOf(
          name,
          ['name', 'query'],
          continuousQueries.map((query) => [query.name, query.query]),
        ),
      );
    case 'showSubscriptions':
      return showSubscriptions(data);
    case 'showShards':
      return showShards(data);
    case 'showShardGroups':
      return showShardGroups(data);
  }
}

/** A user sees the databases that it may read or write. */
function showDatabases({ databases }: MetaData, { user }: ExecutionContext): readonly Series[] {
  const isVisible = (name: string) =>
    user === undefined ||
    authorizeDatabase(user, Privilege.Read, name) ||
    authorizeDatabase(user, Privilege.Write, name);
  const names = databases.map(({ name }) => name).filter(isVisible);
  return [
    seriesOf(
      'databases',
      ['name'],
      names.map((name) => [name]),
    ),
  ];
}

function showRetentionPolicies(
  { databases }: MetaData,
  name: string,
  { serverVersion }: ExecutionContext,
): readonly Series[] {
  if (name === '') throw new CfluxError('DATABASE_NAME_REQUIRED', 'database name required');
  const database = findByName(databases, name);
  if (database === undefined) throw databaseNotFound(name);
  const hasLimits =
    serverVersion === undefined
      ? database.retentionPolicies.some(statesLimits)
      : isAtLeast(serverVersion, writeLimitsSince);
  const limits = hasLimits ? ['futureWriteLimit', 'pastWriteLimit'] : [];
  const columns = ['name', 'duration', 'shardGroupDuration', 'replicaN', ...limits, 'default'];
  const rows = database.retentionPolicies.map((policy) => [
    policy.name,
    formatDuration(policy.duration),
    formatDuration(policy.shardGroupDuration),
    policy.replicaN,
    ...(hasLimits
      ? [formatDuration(policy.futureWriteLimit ?? 0n), formatDuration(policy.pastWriteLimit ?? 0n)]
      : []),
    policy.name === database.defaultRetentionPolicy,
  ]);
  return [seriesOf(undefined, columns, rows)];
}

const statesLimits = ({ futureWriteLimit, pastWriteLimit }: RetentionPolicyInfo) =>
  futureWriteLimit !== undefined || pastWriteLimit !== undefined;

const levels: ReadonlyMap<number, string> = new Map([
  [Privilege.None, 'NO PRIVILEGES'],
  [Privilege.Read, 'READ'],
  [Privilege.Write, 'WRITE'],
  [Privilege.All, 'ALL PRIVILEGES'],
]);

function showGrants({ users }: MetaData, name: string): readonly Series[] {
  const user = findByName(users, name);
  if (user === undefined) throw userNotFound();
  const rows = [...user.privileges].map(([database, level]) => [database, levels.get(level) ?? '']);
  return [seriesOf(undefined, ['database', 'privilege'], rows)];
}

/** Databases without subscriptions are omitted. */
function showSubscriptions({ databases }: MetaData): readonly Series[] {
  const columns = ['retention_policy', 'name', 'mode', 'destinations'];
  return databases.flatMap((database) => {
    const rows = database.retentionPolicies.flatMap((policy) =>
      policy.subscriptions.map(({ name, mode, destinations }) => [
        policy.name,
        name,
        mode,
        destinations.length === 0 ? null : destinations,
      ]),
    );
    return rows.length === 0 ? [] : [seriesOf(database.name, columns, rows)];
  });
}
