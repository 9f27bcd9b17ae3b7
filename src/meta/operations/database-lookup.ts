import { findByName, positionOf, replaceAt } from '../named-list.js';
import type { DatabaseInfo, MetaData } from '../records.js';
import { databaseNotFound } from '../refusals.js';

export function findDatabase(data: MetaData, name: string): DatabaseInfo | undefined {
  return findByName(data.databases, name);
}

/** @throws CfluxError `DATABASE_NOT_FOUND` */
export function requireDatabase(data: MetaData, name: string): DatabaseInfo {
  const database = findDatabase(data, name);
  if (database === undefined) throw databaseNotFound(name);
  return database;
}

/** Returns the databases with `changed` in place of the one with its name. */
export function withDatabase(data: MetaData, changed: DatabaseInfo): readonly DatabaseInfo[] {
  return replaceAt(data.databases, positionOf(data.databases, changed.name), changed);
}
