import type { RetentionPolicyInfo } from '../meta/records.js';
import type { PolicyValues } from './action.js';
import { whyInexpressible } from './influxql.js';

const hour = 3_600_000_000_000n;
const day = 24n * hour;
const longestName = 255;
const mostReplicas = 2 ** 31 - 1;

/** Whether a policy of duration `shorter` deletes points that one of `longer` keeps. Nanoseconds, 0 for ever. */
export function keepsLess(shorter: bigint, longer: bigint): boolean {
  return shorter !== 0n && (longer === 0n || shorter < longer);
}

/** The values of `policy` as a server stores them. */
export function valuesOf({
  name,
  replicaN,
  duration,
  shardGroupDuration,
}: RetentionPolicyInfo): PolicyValues {
  return { name, replicaN, duration, shardGroupDuration: normalize(shardGroupDuration, duration) };
}

// InfluxDB's own rules: a shard group duration is never below an hour, and 0 stands for one that suits the duration.
function normalize(shardGroupDuration: bigint, duration: bigint): bigint {
  if (shardGroupDuration !== 0n) return shardGroupDuration < hour ? hour : shardGroupDuration;
  if (duration === 0n || duration >= 180n * day) return 7n * day;
  return duration >= 2n * day ? day : hour;
}

/** Why no server would take a database or policy of this name; in InfluxDB's own words where it has some. */
export function whyInvalidName(name: string): string | undefined {
  const why = whyInexpressible(name);
  if (why !== undefined) return why;
  // Go's unicode.IsPrint, which InfluxDB asks: no control, format or private-use characters, no space but U+0020.
  const isPrintable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u.test(name) && !/[/\\]/.test(name);
  if (!isPrintable || name === '.' || name === '..') return 'invalid name';
  return Buffer.byteLength(name) > longestName ? 'name too long' : undefined;
}

/** Why no server would take a policy of these values. */
export function whyInvalidPolicy(policy: PolicyValues): string | undefined {
  const { name, replicaN, duration, shardGroupDuration } = policy;
  const why = whyInvalidName(name);
  if (why !== undefined) return why;
  if (!Number.isInteger(replicaN) || replicaN < 1 || replicaN > mostReplicas) {
    return `a replication factor of ${replicaN} is not from 1 to ${mostReplicas}`;
  }
  if (duration !== 0n && duration < hour) return 'retention policy duration must be at least 1h0m0s';
  if (duration !== 0n && duration < shardGroupDuration) {
    return 'retention policy duration must be greater than the shard duration';
  }
  return undefined;
}
