import { createHash } from 'node:crypto';
import type { Commit, NewHistory, VersionRecord } from '../manager-store.js';

const tenYears = 10 * 365 * 86_400_000;

/**
 * A number above `previous`, and not below the Unix time in milliseconds: so it was never given before even where the
 * counter was lost (a wiped or restored store), as long as fewer than one a millisecond are given on average.
 *
 * `above` is what somebody else claims to have had: one that is far in the future is not believed, for it would use the numbers up.
 */
export function nextNumber(previous: number, now: number, minVersion = 0): number {
  const believed = minVersion <= now + tenYears ? minVersion : 0;
  return Math.max(previous, believed, Math.floor(now) - 1) + 1;
}

/**
 * The epoch of a cluster: the same for every process on the store, without keeping anything for names that were only
 * asked for. `generation` is the highest version of the history that was deleted under this name; 0 without one.
 */
export function epochOf(storeId: string, cluster: string, generation: number): string {
  return createHash('sha256')
    .update(`${storeId}\n${generation}\n${cluster}`)
    .digest('base64url')
    .slice(0, 22);
}

/** A history that follows `previous`, the highest number that its cluster has used, and `above`. */
export function newHistoryOf(
  { storeId, cluster, previous }: { storeId: string; cluster: string; previous: number },
  now: number,
  minVersion: number,
): NewHistory {
  const generation = nextNumber(previous, now, minVersion);
  return { generation, epoch: epochOf(storeId, cluster, generation) };
}

/** The generation that the first version of a cluster is stored with; `stored` is the cluster's present one. */
export function firstGeneration({ newHistory }: Commit, stored: number): number {
  // Another process may have begun a later history in the meantime.
  return Math.max(stored, newHistory?.generation ?? 0);
}

/** The record of a commit that is accepted after `previous`, the highest version of its cluster so far. */
export function recordOf(commit: Commit, previous: number, now: number): VersionRecord {
  const { snapshot, mutation, minVersion, nodeId, author } = commit;
  return {
    version: nextNumber(previous, now, minVersion),
    mutation,
    at: now,
    size: snapshot.byteLength,
    ...(nodeId === undefined ? {} : { nodeId }),
    ...(author === undefined ? {} : { author }),
  };
}
