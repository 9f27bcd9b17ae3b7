import type { MetaData } from '../records.js';

/**
 * The result of an operation on the metadata. Operations are pure functions: the result shares all unchanged parts with the input, and an
 * operation that refuses throws.
 *
 * If `data` is the input object, nothing is committed. Some calls commit although they change nothing, as in InfluxDB: then only the
 * index differs.
 */
export interface Outcome<T> {
  readonly data: MetaData;
  readonly result: T;
}

/** Commits `changes`, or nothing else: the index increases by one. */
export function commit(data: MetaData, changes: Partial<MetaData>): Outcome<undefined>;
export function commit<T>(data: MetaData, changes: Partial<MetaData>, result: T): Outcome<T>;
export function commit<T>(data: MetaData, changes: Partial<MetaData>, result?: T): Outcome<T | undefined> {
  return { data: { ...data, ...changes, index: data.index + 1n }, result };
}

/** Returns a result without a commit. */
export function answer<T>(data: MetaData, result: T): Outcome<T> {
  return { data, result };
}
