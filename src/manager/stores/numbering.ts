import { createHash } from 'node:crypto';
import type { Commit, NewHistory, SnapshotBytes, VersionRecord } from '../manager-store.js';
import { SharedBytes } from '../versions/shared-bytes.js';

const tenYears = 10 * 365 * 86_400_000;

/**
 * Returns a number above `previous`, and not below the Unix time in milliseconds: so it was never assigned before, even if the counter
 * was lost (a wiped or restored store), as long as fewer than one per millisecond are assigned on average.
 *
 * `minVersion` is a version that a client claims to have had: one far in the future is ignored, because it would use the numbers up.
 */
export function nextNumber(previous: number, now: number, minVersion = 0): number {
  const believed = minVersion <= now + tenYears ? minVersion : 0;
  return Math.max(previous, believed, Math.floor(now) - 1) + 1;
}

/**
 * Returns the epoch of a cluster: the same for every process on the store, without storing anything for names that were only requested.
 * `generation` is the highest version of the history that was deleted under this name; 0 if there is none.
 */
export function epochOf(storeId: string, cluster: string, generation: number): string {
  return createHash('sha256')
    .update(`${storeId}\n${generation}\n${cluster}`)
    .digest('base64url')
    .slice(0, 22);
}

/** Returns a history that follows `previous`, the highest number that its cluster has used, and `minVersion`. */
export function newHistoryOf(
  { storeId, cluster, previous }: { storeId: string; cluster: string; previous: number },
  now: number,
  minVersion: number,
): NewHistory {
  const generation = nextNumber(previous, now, minVersion);
  return { generation, epoch: epochOf(storeId, cluster, generation) };
}

/** Returns the generation that the first version of a cluster is stored with; `stored` is the cluster's current one. */
export function firstGeneration({ newHistory }: Commit, stored: number): number {
  // Another process may have begun a later history in the meantime.
  return Math.max(stored, newHistory?.generation ?? 0);
}

/** Returns the bytes of a commit, in pieces if the manager has them so. */
export function bytesOf(commit: Commit): SnapshotBytes {
  // Reading `snapshot` would join the pieces.
  return commit.bytes ?? SharedBytes.of(commit.snapshot);
}

/** Returns the record of a commit that is accepted after `previous`, the highest version of its cluster so far. */
export function recordOf(commit: Commit, previous: number, now: number): VersionRecord {
  const { mutation, minVersion, nodeId, author } = commit;
  return {
    version: nextNumber(previous, now, minVersion),
    mutation,
    at: now,
    size: bytesOf(commit).byteLength,
    ...(nodeId === undefined ? {} : { nodeId }),
    ...(author === undefined ? {} : { author }),
  };
}
