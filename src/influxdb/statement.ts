import type { Action } from './action.js';
import { durationLiteral, quoteIdentifier as name, quoteString } from './influxql.js';

/** Replaces a password in a displayed statement. */
const redacted = '[REDACTED]';

/**
 * Returns the statements of `action`, one per request, in order. Without `password` they contain `[REDACTED]`: such a text is for
 * display, and a server refuses it.
 *
 * @example
 * ```ts
 * console.log(influxqlOf({ kind: 'dropUser', user: 'bob' })[0]); // DROP USER "bob"
 * ```
 */
export function influxqlOf(action: Action, password?: string): readonly string[] {
  const secret = password === undefined ? redacted : quoteString(password);
  switch (action.kind) {
    case 'createDatabase': {
      const { duration, replicaN, shardGroupDuration, name: policy } = action.policy;
      const values = `DURATION ${durationLiteral(duration)} REPLICATION ${replicaN}`;
      const shard = `SHARD DURATION ${durationLiteral(shardGroupDuration)}`;
      return [`CREATE DATABASE ${name(action.database)} WITH ${values} ${shard} NAME ${name(policy)}`];
    }
    case 'createRetentionPolicy': {
      const { duration, replicaN, shardGroupDuration, name: policy } = action.policy;
      const values = `DURATION ${durationLiteral(duration)} REPLICATION ${replicaN}`;
      const shard = `SHARD DURATION ${durationLiteral(shardGroupDuration)}${action.makeDefault ? ' DEFAULT' : ''}`;
      return [`CREATE RETENTION POLICY ${name(policy)} ON ${name(action.database)} ${values} ${shard}`];
    }
    case 'alterRetentionPolicy': {
      const changes = [
        action.duration === undefined ? [] : `DURATION ${durationLiteral(action.duration)}`,
        action.replicaN === undefined ? [] : `REPLICATION ${action.replicaN}`,
        action.shardGroupDuration === undefined
          ? []
          : `SHARD DURATION ${durationLiteral(action.shardGroupDuration)}`,
        action.makeDefault === true ? 'DEFAULT' : [],
      ].flat();
      return [
        `ALTER RETENTION POLICY ${name(action.policy)} ON ${name(action.database)} ${changes.join(' ')}`,
      ];
    }
    case 'dropScaffold':
    case 'dropRetentionPolicy':
      return [`DROP RETENTION POLICY ${name(action.policy)} ON ${name(action.database)}`];
    case 'createContinuousQuery':
      return [action.statement];
    case 'replaceContinuousQuery':
      // The first statement checks that the server accepts the text, before the old query is dropped.
      return [action.statement, dropContinuousQuery(action), action.statement];
    case 'createSubscription':
      return [createSubscription(action)];
    case 'replaceSubscription':
      return [createSubscription(action), dropSubscription(action), createSubscription(action)];
    case 'createUser':
      return [
        `CREATE USER ${name(action.user)} WITH PASSWORD ${secret}${action.admin ? ' WITH ALL PRIVILEGES' : ''}`,
      ];
    case 'setPassword':
      return [`SET PASSWORD FOR ${name(action.user)} = ${secret}`];
    case 'setAdmin':
      return [
        action.admin
          ? `GRANT ALL PRIVILEGES TO ${name(action.user)}`
          : `REVOKE ALL PRIVILEGES FROM ${name(action.user)}`,
      ];
    case 'grant':
      return [`GRANT ${privileges[action.privilege]} ON ${name(action.database)} TO ${name(action.user)}`];
    case 'revoke':
      return [`REVOKE ALL ON ${name(action.database)} FROM ${name(action.user)}`];
    case 'dropSubscription':
      return [dropSubscription(action)];
    case 'dropContinuousQuery':
      return [dropContinuousQuery(action)];
    case 'dropDatabase':
      return [`DROP DATABASE ${name(action.database)}`];
    case 'dropUser':
      return [`DROP USER ${name(action.user)}`];
  }
}

const privileges = { 1: 'READ', 2: 'WRITE', 3: 'ALL' } as const;

interface SubscriptionNames {
  readonly database: string;
  readonly policy: string;
  readonly name: string;
}

function createSubscription(
  action: SubscriptionNames & { readonly mode: string; readonly destinations: readonly string[] },
): string {
  const destinations = action.destinations.map(quoteString).join(', ');
  const on = `${name(action.database)}.${name(action.policy)}`;
  return `CREATE SUBSCRIPTION ${name(action.name)} ON ${on} DESTINATIONS ${action.mode} ${destinations}`;
}

const dropSubscription = (action: SubscriptionNames) =>
  `DROP SUBSCRIPTION ${name(action.name)} ON ${name(action.database)}.${name(action.policy)}`;

const dropContinuousQuery = (action: { readonly database: string; readonly name: string }) =>
  `DROP CONTINUOUS QUERY ${name(action.name)} ON ${name(action.database)}`;
