import type { MetaData } from '../../../src/meta/records.js';

/** How many databases a store of the restless writer has, once it is full. */
export const keptDatabases = 20;

/** How many changes it has seen; each is two commits. */
export function changesIn(data: MetaData): number {
  return (Number(data.index) - 1) / 2;
}

/** The databases that it has after so many changes. */
export function databasesAfter(changes: number): string[] {
  const first = Math.max(1, changes - keptDatabases + 1);
  return Array.from({ length: Math.min(changes, keptDatabases) }, (_, i) => `db${first + i}`);
}
