import { compareBigints } from '../bigint-order.js';
import type { RetentionPolicyInfo, ShardGroupInfo, ShardInfo } from './records.js';

/** Year 1, Go's origin for rounding times: so weekly groups begin on Mondays. Nanoseconds since 1970. */
const zeroTime = -62_135_596_800_000_000_000n;

/** One before this is the last possible time of a point. */
const endOfTime = 2n ** 63n - 1n;

/** Returns the time span of a new group for `timestamp`: a whole multiple of `duration` since year 1. */
export function shardGroupSpan(
  timestamp: bigint,
  duration: bigint,
): { readonly startTime: bigint; readonly endTime: bigint } {
  // Only foreign files have such policies; InfluxDB gives their groups no extent.
  if (duration <= 0n) return { startTime: timestamp, endTime: timestamp };
  const startTime = timestamp - modulo(timestamp - zeroTime, duration);
  const endTime = startTime + duration;
  return { startTime, endTime: endTime >= endOfTime ? endOfTime : endTime };
}

/** Never negative. */
function modulo(value: bigint, divisor: bigint): bigint {
  const rest = value % divisor;
  return rest < 0n ? rest + divisor : rest;
}

export function holdsTime(group: ShardGroupInfo, timestamp: bigint): boolean {
  return (
    group.startTime <= timestamp &&
    timestamp < group.endTime &&
    group.deletedAt === undefined &&
    (group.truncatedAt === undefined || timestamp < group.truncatedAt)
  );
}

/** Orders a policy's groups after a new one was added: by effective end, then by start. */
export function byTime(a: ShardGroupInfo, b: ShardGroupInfo): number {
  return compareBigints(effectiveEnd(a), effectiveEnd(b)) || compareBigints(a.startTime, b.startTime);
}

/** The end of a group, or the time of its truncation. */
export const effectiveEnd = (group: ShardGroupInfo): bigint => group.truncatedAt ?? group.endTime;

/**
 * Returns the groups of `policy` that contain only data older than its duration at `now` (nanoseconds since 1970).
 *
 * @example
 * ```ts
 * const [policy] = (await client.database('telegraf'))?.retentionPolicies ?? [];
 * if (policy) console.log(expiredShardGroups(policy, BigInt(Date.now()) * 1_000_000n).length); // 0
 * ```
 */
export function expiredShardGroups(policy: RetentionPolicyInfo, now: bigint): readonly ShardGroupInfo[] {
  if (policy.duration === 0n) return [];
  return policy.shardGroups.filter(
    (group) => group.deletedAt === undefined && group.endTime + policy.duration < now,
  );
}

/**
 * Returns the groups of `policy` that were deleted and are not pruned yet.
 *
 * @example
 * ```ts
 * const [policy] = (await client.database('telegraf'))?.retentionPolicies ?? [];
 * if (policy) console.log(deletedShardGroups(policy).length); // 0
 * ```
 */
export function deletedShardGroups(policy: RetentionPolicyInfo): readonly ShardGroupInfo[] {
  return policy.shardGroups.filter((group) => group.deletedAt !== undefined);
}

/**
 * Returns the shard of `group` for a series, by the hash of its key (unsigned); undefined if the group has no shards.
 *
 * @example
 * ```ts
 * const group = await client.createShardGroup('telegraf', 'autogen', BigInt(Date.now()) * 1_000_000n);
 * if (group) console.log(shardFor(group, 14_695_981_039_346_656_037n)?.id); // 1
 * ```
 */
export function shardFor(group: ShardGroupInfo, hash: bigint): ShardInfo | undefined {
  const { shards } = group;
  return shards.length === 0 ? undefined : shards[Number(BigInt.asUintN(64, hash) % BigInt(shards.length))];
}
