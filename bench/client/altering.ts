import type { MetaClient } from '../../src/index.js';

/** Alters database number `n` of the benchmark's snapshot, a little differently each round. */
export function alter(
  meta: { updateRetentionPolicy(...args: Parameters<MetaClient['updateRetentionPolicy']>): unknown },
  n: number,
  round: number,
) {
  const database = `bench-${String(n).padStart(5, '0')}`;
  return meta.updateRetentionPolicy(database, 'autogen', { replicaN: 1 + (round % 100) }, true);
}

export const size = (bytes: number) =>
  bytes > 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(1)} kB`;
