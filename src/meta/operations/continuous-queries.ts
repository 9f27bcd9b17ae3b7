import { append, findByName, positionOf, removeAt } from '../named-list.js';
import type { MetaData } from '../records.js';
import { continuousQueryExists } from '../refusals.js';
import { findDatabase, requireDatabase, withDatabase } from './database-lookup.js';
import { commit, type Outcome } from './outcome.js';

/** Converts to lower case per code point, as Go does: JavaScript considers neighbours (a final sigma), and maps İ to two characters. */
function lowerCase(text: string): string {
  let lower = '';
  for (const character of text) lower += character === 'İ' ? 'i' : character.toLowerCase();
  return lower;
}

/** Creating the same query again, ignoring case, is no error; the first text stays. Always commits. */
export function createContinuousQuery(
  data: MetaData,
  databaseName: string,
  name: string,
  query: string,
): Outcome<undefined> {
  const database = requireDatabase(data, databaseName);
  const existing = findByName(database.continuousQueries, name);
  if (existing !== undefined) {
    if (lowerCase(existing.query) !== lowerCase(query)) throw continuousQueryExists();
    return commit(data, {});
  }
  const changed = { ...database, continuousQueries: append(database.continuousQueries, { name, query }) };
  return commit(data, { databases: withDatabase(data, changed) });
}

/** Never fails, always commits. */
export function dropContinuousQuery(data: MetaData, databaseName: string, name: string): Outcome<undefined> {
  const database = findDatabase(data, databaseName);
  const position = database === undefined ? -1 : positionOf(database.continuousQueries, name);
  if (database === undefined || position < 0) return commit(data, {});
  const changed = { ...database, continuousQueries: removeAt(database.continuousQueries, position) };
  return commit(data, { databases: withDatabase(data, changed) });
}
