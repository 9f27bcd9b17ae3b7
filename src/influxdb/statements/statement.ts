import type { Action } from './action.js';
import { durationLiteral, quoteIdentifier as name, quoteString } from './influxql.js';
import type { WriteLimits } from './write-limits.js';

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
      const limits = limitsOf(action.policy).join('');
      return [
        `CREATE DATABASE ${name(action.database)} WITH ${values} ${shard}${limits} NAME ${name(policy)}`,
      ];
    }
    case 'createRetentionPolicy': {
      const { duration, replicaN, shardGroupDuration, name: policy } = action.policy;
      const values = `DURATION ${durationLiteral(duration)} REPLICATION ${replicaN}`;
      const shard = `SHARD DURATION ${durationLiteral(shardGroupDuration)}`;
      const limits = limitsOf(action.policy);
      const on = `RETENTION POLICY ${name(policy)} ON ${name(action.database)}`;
      const create = `CREATE ${on} ${values} ${shard}`;
      // The order of limits and DEFAULT in one statement is not the same in all descriptions of InfluxQL.
      if (limits.length > 0 && action.makeDefault)
        return [`${create}${limits.join('')}`, `ALTER ${on} DEFAULT`];
      return [`${create}${limits.join('')}${action.makeDefault ? ' DEFAULT' : ''}`];
    }
    case 'alterRetentionPolicy': {
      const changes = [
        action.duration === undefined ? [] : `DURATION ${durationLiteral(action.duration)}`,
        action.replicaN === undefined ? [] : `REPLICATION ${action.replicaN}`,
        action.shardGroupDuration === undefined
          ? []
          : `SHARD DURATION ${durationLiteral(action.shardGroupDuration)}`,
        // 0 removes a limit.
        action.futureWriteLimit === undefined ? [] : `FUTURE LIMIT ${limitLiteral(action.futureWriteLimit)}`,
        action.pastWriteLimit === undefined ? [] : `PAST LIMIT ${limitLiteral(action.pastWriteLimit)}`,
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

const limitLiteral = (limit: bigint) => (limit === 0n ? '0s' : durationLiteral(limit));

/** The write limits of a new policy, with a space before each; without a limit there is nothing to write. */
const limitsOf = ({ futureWriteLimit = 0n, pastWriteLimit = 0n }: WriteLimits): readonly string[] => [
  ...(futureWriteLimit === 0n ? [] : [` FUTURE LIMIT ${durationLiteral(futureWriteLimit)}`]),
  ...(pastWriteLimit === 0n ? [] : [` PAST LIMIT ${durationLiteral(pastWriteLimit)}`]),
];

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
