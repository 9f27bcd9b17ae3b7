import type { RetentionPolicyInfo, ShardGroupInfo, ShardInfo } from './records.js';

/** Year 1, from which Go counts when it rounds times: so weekly groups begin on Mondays. Nanoseconds since 1970. */
const zeroTime = -62_135_596_800_000_000_000n;

/** The last instant that a point may have is one before it. */
const endOfTime = 2n ** 63n - 1n;

/** What a new group for `timestamp` covers: a whole multiple of `duration` since year 1. */
export function shardGroupSpan(
  timestamp: bigint,
  duration: bigint,
): { readonly startTime: bigint; readonly endTime: bigint } {
  // Only a file of foreign origin has such groups; InfluxDB gives them no extent.
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

/** The order of a policy's groups after a new one was added: by where they end in effect, then by where they start. */
export function byTime(a: ShardGroupInfo, b: ShardGroupInfo): number {
  return compare(effectiveEnd(a), effectiveEnd(b)) || compare(a.startTime, b.startTime);
}

/** Where a group ends, or was cut off. */
export const effectiveEnd = (group: ShardGroupInfo): bigint => group.truncatedAt ?? group.endTime;

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The groups of `policy` that hold only data older than its duration at `now` (nanoseconds since 1970).
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
 * The groups of `policy` that were deleted and not pruned yet.
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
 * The shard of `group` that a series belongs to, by the hash of its key (unsigned); nothing if the group has no shards.
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
