import type { MetaData } from '../records.js';

/**
 * What an operation makes of the metadata. Operations are pure functions: they share with the data that they are given all that they do
 * not change, and throw when they refuse.
 *
 * The very same data object says that nothing is to be committed. Some calls commit although they change nothing, as InfluxDB's do:
 * then only the index is another.
 */
export interface Outcome<T> {
  readonly data: MetaData;
  readonly result: T;
}

/** A commit of `changes`, or of nothing: the index rises by one. */
export function commit(data: MetaData, changes: Partial<MetaData>): Outcome<undefined>;
export function commit<T>(data: MetaData, changes: Partial<MetaData>, result: T): Outcome<T>;
export function commit<T>(data: MetaData, changes: Partial<MetaData>, result?: T): Outcome<T | undefined> {
  return { data: { ...data, ...changes, index: data.index + 1n }, result };
}

/** No commit. */
export function answer<T>(data: MetaData, result: T): Outcome<T> {
  return { data, result };
}
