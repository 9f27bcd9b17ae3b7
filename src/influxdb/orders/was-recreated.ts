import type { AppliedVersion } from '../ledger/kept-orders.js';
import type { ServerShards } from './server-shards.js';

/** Nanoseconds that the clocks of a server and its agent may differ by. */
const maxSkew = 3_600_000_000_000n;

/** Commits of `DROP` and `CREATE`. */
const commitsToRecreate = 2n;

/**
 * Returns whether a database or policy was dropped and created again by hand since the last convergence: all its shards, `ids`, are newer.
 * If it had no shard then, its first points are no proof: the server's metadata must have two more commits than new shards explain. (A
 * group that began before the last convergence was created by a point that was written to it, in a commit of its own.) `ownCommits` are
 * those of statements at a gateway, which are no changes by hand.
 */
export function wasRecreated(
  ids: readonly bigint[],
  applied: AppliedVersion,
  { list, index }: ServerShards,
  ownCommits = 0,
): boolean {
  if (ids.length === 0 || ids.some((id) => id <= applied.shard)) return false;
  if (applied.index === undefined || index === undefined) return true;
  const begun = BigInt(Math.floor(applied.at)) * 1_000_000n - maxSkew;
  const isWritten = ({ id, startTime }: ServerShards['list'][number]) =>
    id > applied.shard && startTime !== undefined && startTime <= begun;
  const commits = index - applied.index - BigInt(ownCommits);
  return commits - BigInt(list.filter(isWritten).length) >= commitsToRecreate;
}
