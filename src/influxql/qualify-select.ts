import { findByName } from '../meta/named-list.js';
import type { DatabaseInfo } from '../meta/records.js';
import { databaseNameRequired, databaseNotFound, retentionPolicyNotFound } from '../meta/refusals.js';
import { refused } from './refused.js';
import type { Measurement, SelectStatement } from './select.js';

/** What stands in for the parts of a measurement that were not written. */
export interface DefaultPlace {
  readonly database: string;
  /** `''`: the default policy of each database. */
  readonly policy: string;
}

/** The databases that a query is about, at least. */
export interface Databases {
  readonly databases: readonly DatabaseInfo[];
}

/** Names of the databases that a query reads and writes; `database` is that of measurements that name none. */
export function databasesOf({ target, sources }: SelectStatement, database: string): readonly string[] {
  const names = [target, ...sources].flatMap((source) => {
    if (source === undefined) return [];
    return 'select' in source ? databasesOf(source.select, database) : [source.database || database];
  });
  return [...new Set(names)];
}

/**
 * The same query with database and policy of every measurement written, those of subqueries too.
 *
 * @throws CfluxError with InfluxDB's own text where a database, a policy or a default policy does not exist.
 */
export function qualifySelect(
  select: SelectStatement,
  data: Databases,
  place: DefaultPlace,
): SelectStatement {
  const qualified = withPlaces(select, data, place);
  checkPolicies(qualified, data);
  return qualified;
}

function withPlaces(select: SelectStatement, data: Databases, place: DefaultPlace): SelectStatement {
  const target = select.target && qualify(select.target, data, place);
  const sources = select.sources.map((source) => {
    if (source.kind === 'subquery') return { ...source, select: withPlaces(source.select, data, place) };
    if (source.name === '' && source.regex === undefined) throw refused('invalid measurement');
    return qualify(source, data, place);
  });
  return { ...select, ...(target === undefined ? {} : { target }), sources };
}

function qualify(measurement: Measurement, data: Databases, place: DefaultPlace): Measurement {
  const name = measurement.database || place.database;
  if (name === '') throw databaseNameRequired();
  const database = findByName(data.databases, name);
  if (database === undefined) throw databaseNotFound(name);
  const policy = measurement.policy || place.policy || database.defaultRetentionPolicy;
  if (policy === '') throw refused(`default retention policy not set for: ${name}`);
  return { ...measurement, database: name, policy };
}

/** After all names are complete, as InfluxDB does it: a missing database is reported before a missing policy. */
function checkPolicies(select: SelectStatement, data: Databases): void {
  if (select.target !== undefined) checkPolicy(select.target, data);
  for (const source of select.sources) {
    if (source.kind === 'subquery') checkPolicies(source.select, data);
    else checkPolicy(source, data);
  }
}

function checkPolicy({ database, policy }: Measurement, data: Databases): void {
  const policies = findByName(data.databases, database)?.retentionPolicies ?? [];
  if (findByName(policies, policy) === undefined) throw retentionPolicyNotFound(`${database}.${policy}`);
}
