import { hour, normalizeShardGroupDuration } from '../../meta/durations.js';
import { isValidName } from '../../meta/names.js';
import type { RetentionPolicyInfo } from '../../meta/records.js';
import type { PolicyValues } from '../statements/action.js';
import { whyInexpressible } from '../statements/influxql.js';

const maxName = 255;
const maxReplicas = 2 ** 31 - 1;

/** Returns whether a policy of duration `shorter` deletes points that one of `longer` keeps. Nanoseconds; 0 means infinite. */
export function keepsLess(shorter: bigint, longer: bigint): boolean {
  return shorter !== 0n && (longer === 0n || shorter < longer);
}

/** Returns the values of `policy` as a server stores them. */
export function valuesOf({
  name,
  replicaN,
  duration,
  shardGroupDuration,
}: RetentionPolicyInfo): PolicyValues {
  return {
    name,
    replicaN,
    duration,
    shardGroupDuration: normalizeShardGroupDuration(shardGroupDuration, duration),
  };
}

/** Returns why every server refuses a database or policy with this name, by InfluxDB's text if it has one. */
export function whyInvalidName(name: string): string | undefined {
  const why = whyInexpressible(name);
  if (why !== undefined) return why;
  if (!isValidName(name)) return 'invalid name';
  return Buffer.byteLength(name) > maxName ? 'name too long' : undefined;
}

/** Returns why every server refuses a policy with these values. */
export function whyInvalidPolicy(policy: PolicyValues): string | undefined {
  const { name, replicaN, duration, shardGroupDuration } = policy;
  const why = whyInvalidName(name);
  if (why !== undefined) return why;
  if (!Number.isInteger(replicaN) || replicaN < 1 || replicaN > maxReplicas) {
    return `a replication factor of ${replicaN} is not from 1 to ${maxReplicas}`;
  }
  if (duration !== 0n && duration < hour) return 'retention policy duration must be at least 1h0m0s';
  if (duration !== 0n && duration < shardGroupDuration) {
    return 'retention policy duration must be greater than the shard duration';
  }
  return undefined;
}
