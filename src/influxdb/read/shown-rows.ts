import { CfluxError } from '../../errors.js';
import type { ContinuousQueryInfo, RetentionPolicyInfo, SubscriptionInfo } from '../../meta/records.js';
import type { StatementResult } from '../connect/influx-results.js';
import type { Json } from '../connect/lossless-json.js';
import { type WriteLimits, writeLimits } from '../statements/write-limits.js';
import { parseGoDuration } from './go-duration.js';

/** A row by column. */
type Row = { readonly [column: string]: Json };

/** Returns the rows of all series. */
export function rowsOf(answer: StatementResult | undefined): Row[] {
  return (answer?.series ?? []).flatMap(({ columns, values }) =>
    values.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at] ?? null]))),
  );
}

/** Returns the parsed rows of each series, which is named after its database. */
export function byDatabase<T>(result: StatementResult | undefined, parse: (row: Row) => T): Map<string, T[]> {
  const entries = (result?.series ?? []).map(
    (series) => [series.name, rowsOf({ series: [series] }).map(parse)] as const,
  );
  return new Map(entries);
}

/** Returns the names of the users, and whether each is an administrator. */
export const adminsIn = (result: StatementResult) =>
  new Map(rowsOf(result).map((row) => [text(row, 'user'), row['admin'] === true]));

/** Returns the policies of a database, and the name of the default one among them. */
export function policiesIn(result: StatementResult | undefined, subscriptions: readonly ShownSubscription[]) {
  const rows = rowsOf(result);
  const standard = rows.find((row) => row['default'] === true);
  return {
    list: rows.map((row) => policyOf(row, subscriptions)),
    standard: standard && text(standard, 'name'),
  };
}

function policyOf(row: Row, subscriptions: readonly ShownSubscription[]): RetentionPolicyInfo {
  const name = text(row, 'name');
  return {
    name,
    replicaN: replicas(row),
    duration: duration(row, 'duration'),
    shardGroupDuration: duration(row, 'shardGroupDuration'),
    ...limitsOf(row),
    shardGroups: [],
    subscriptions: subscriptions
      .filter(({ policy }) => policy === name)
      .map(({ subscription }) => subscription),
  };
}

/** Servers before InfluxDB 1.12 do not have these columns. */
const limitsOf = (row: Row): WriteLimits =>
  Object.fromEntries(
    writeLimits.flatMap(({ field }) => (row[field] === undefined ? [] : [[field, duration(row, field)]])),
  );

/** A subscription, with the policy that it belongs to. */
export interface ShownSubscription {
  readonly policy: string;
  readonly subscription: SubscriptionInfo;
}

export function shownSubscription(row: Row): ShownSubscription {
  const destinations = row['destinations'];
  const subscription = {
    name: text(row, 'name'),
    mode: text(row, 'mode'),
    destinations: Array.isArray(destinations) ? destinations.map(String) : [],
  };
  return { policy: text(row, 'retention_policy'), subscription };
}

export const queryOf = (row: Row): ContinuousQueryInfo => ({
  name: text(row, 'name'),
  query: text(row, 'query'),
});

// A map, because the server sends the names, and an object has inherited keys such as `constructor` and `__proto__`.
const privileges: ReadonlyMap<string, number> = new Map([
  ['NO PRIVILEGES', 0],
  ['READ', 1],
  ['WRITE', 2],
  ['ALL PRIVILEGES', 3],
]);

export function privilegeOf(row: Row): number {
  const privilege = privileges.get(text(row, 'privilege'));
  if (privilege === undefined) throw unexpected(`privilege ${JSON.stringify(row['privilege'])}`);
  return privilege;
}

export function text(row: Row, column: string): string {
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
