import { formatDuration } from '../../meta/durations.js';
import { printDuration } from '../duration-literal.js';
import type {
  ClusterStatement,
  ContinuousQueryStatement,
  DatabaseOptions,
  MetadataRead,
  PolicyOptions,
} from '../statement.js';
import { type PrintOptions, SelectPrinter } from './print-select.js';
import { printString } from './quote.js';

const redacted = '[REDACTED]';

/**
 * A statement as InfluxDB prints it, in refusals and warnings: keywords in upper case, names quoted only if they need it, and
 * `[REDACTED]` for passwords.
 *
 * @example
 * ```ts
 * for (const { statement } of parseStatements(`create user bob with password 'x'`))
 *   if (statement.kind !== 'server') console.log(printStatement(statement)); // CREATE USER bob WITH PASSWORD [REDACTED]
 * ```
 */
export function printStatement(
  statement: ClusterStatement | MetadataRead,
  options: PrintOptions = {},
): string {
  const printer = new SelectPrinter(options);
  const name = (text: string) => printer.name(text);
  switch (statement.kind) {
    case 'createDatabase':
      return words('CREATE DATABASE', name(statement.name), databaseOptions(statement.options, name));
    case 'dropDatabase':
      return `DROP DATABASE ${name(statement.name)}`;
    case 'createRetentionPolicy':
      return words('CREATE', policyOf(statement, name), policyOptions(statement.options, true));
    case 'alterRetentionPolicy':
      return words('ALTER', policyOf(statement, name), policyOptions(statement.options, false));
    case 'dropRetentionPolicy':
      return `DROP ${policyOf(statement, name)}`;
    case 'createContinuousQuery':
      return printContinuousQuery(statement, printer);
    case 'dropContinuousQuery':
      return `DROP CONTINUOUS QUERY ${name(statement.name)} ON ${name(statement.database)}`;
    case 'createSubscription': {
      const destinations = statement.destinations.map(printString).join(', ');
      return `CREATE ${subscriptionOf(statement, name)} DESTINATIONS ${statement.mode} ${destinations}`;
    }
    case 'dropSubscription':
      return `DROP ${subscriptionOf(statement, name)}`;
    case 'createUser': {
      const admin = statement.admin ? 'WITH ALL PRIVILEGES' : '';
      return words('CREATE USER', name(statement.name), 'WITH PASSWORD', redacted, admin);
    }
    case 'setPassword':
      return `SET PASSWORD FOR ${name(statement.name)} = ${redacted}`;
    case 'dropUser':
      return `DROP USER ${name(statement.name)}`;
    case 'grant':
      return `GRANT ${statement.level} ON ${name(statement.database)} TO ${name(statement.user)}`;
    case 'revoke':
      return `REVOKE ${statement.level} ON ${name(statement.database)} FROM ${name(statement.user)}`;
    case 'grantAdmin':
      return `GRANT ALL PRIVILEGES TO ${name(statement.user)}`;
    case 'revokeAdmin':
      return `REVOKE ALL PRIVILEGES FROM ${name(statement.user)}`;
    case 'showRetentionPolicies': {
      const on = statement.database === undefined ? '' : `ON ${name(statement.database)}`;
      return words('SHOW RETENTION POLICIES', on);
    }
    case 'showGrants':
      return `SHOW GRANTS FOR ${name(statement.user)}`;
    default:
      return plain[statement.kind];
  }
}

const plain = {
  showDatabases: 'SHOW DATABASES',
  showUsers: 'SHOW USERS',
  showContinuousQueries: 'SHOW CONTINUOUS QUERIES',
  showSubscriptions: 'SHOW SUBSCRIPTIONS',
  showShards: 'SHOW SHARDS',
  showShardGroups: 'SHOW SHARD GROUPS',
} as const;

type PrintName = (name: string) => string;
interface Placed {
  readonly name: string;
  readonly database: string;
}

const words = (...parts: readonly string[]) => parts.filter((part) => part !== '').join(' ');

const policyOf = (place: Placed, name: PrintName) =>
  `RETENTION POLICY ${name(place.name)} ON ${name(place.database)}`;

const subscriptionOf = (place: Placed & { readonly policy: string }, name: PrintName) =>
  `SUBSCRIPTION ${name(place.name)} ON ${name(place.database)}.${name(place.policy)}`;

const given = (word: string, value: bigint | undefined, print: (value: bigint) => string) =>
  value === undefined ? '' : `${word} ${print(value)}`;

/** Only here durations are printed as Go prints them, except the write limits. */
function databaseOptions(options: DatabaseOptions | undefined, name: PrintName): string {
  if (options === undefined) return '';
  const { duration, replication, shardDuration, futureLimit, pastLimit, policy = '' } = options;
  return words(
    'WITH',
    given('DURATION', duration, formatDuration),
    replication === undefined ? '' : `REPLICATION ${replication}`,
    given('SHARD DURATION', shardDuration === 0n ? undefined : shardDuration, formatDuration),
    given('FUTURE LIMIT', futureLimit || undefined, printDuration),
    given('PAST LIMIT', pastLimit || undefined, printDuration),
    policy === '' ? '' : `NAME ${name(policy)}`,
  );
}

/**
 * CREATE omits values of 0 that mean the same as no value: an automatic duration of shard groups, and no write limit. The limits come
 * last, because InfluxDB 1.12 accepts DEFAULT only before them.
 */
function policyOptions(options: PolicyOptions, isCreate: boolean): string {
  const { duration, replication, shardDuration, futureLimit, pastLimit, makeDefault } = options;
  const changed = (value: bigint | undefined) => (isCreate && value === 0n ? undefined : value);
  return words(
    given('DURATION', duration, printDuration),
    replication === undefined ? '' : `REPLICATION ${replication}`,
    given('SHARD DURATION', changed(shardDuration), printDuration),
    makeDefault ? 'DEFAULT' : '',
    given('FUTURE LIMIT', changed(futureLimit), printDuration),
    given('PAST LIMIT', changed(pastLimit), printDuration),
  );
}

function printContinuousQuery(statement: ContinuousQueryStatement, printer: SelectPrinter): string {
  const every = statement.every === 0n ? '' : ` EVERY ${printDuration(statement.every)}`;
  const duration = statement.for === 0n ? '' : ` FOR ${printDuration(statement.for)}`;
  const resample = every === '' && duration === '' ? '' : ` RESAMPLE${every}${duration}`;
  const head = `CREATE CONTINUOUS QUERY ${printer.name(statement.name)} ON ${printer.name(statement.database)}`;
  return `${head}${resample} BEGIN ${printer.select(statement.select)} END`;
}
