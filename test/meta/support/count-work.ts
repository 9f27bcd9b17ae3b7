import { vi } from 'vitest';
import { databaseSegments, userSegments } from '../../../src/meta/codec/segments.js';

/** Returns how many databases and users have been read and written since; `vi.restoreAllMocks()` ends it. */
export function countWork(): () => { read: number; written: number } {
  const reads = [vi.spyOn(databaseSegments, 'read'), vi.spyOn(userSegments, 'read')];
  const writes = [vi.spyOn(databaseSegments, 'write'), vi.spyOn(userSegments, 'write')];
  const count = (spies: readonly { mock: { calls: readonly unknown[] } }[]) =>
    spies.reduce((sum, { mock }) => sum + mock.calls.length, 0);
  return () => ({ read: count(reads), written: count(writes) });
}
