import { formatDuration } from '../../meta/durations.js';
import type { RetentionPolicyInfo } from '../../meta/records.js';
import { isAtLeast, writeLimitsSince } from '../../server-versions.js';
import { quoteIdentifier, whyInexpressible } from '../statements/influxql.js';
import { type Item, keyOf } from '../statements/item.js';
import { type WriteLimits, writeLimits } from '../statements/write-limits.js';
import type { Draft, PlanInput } from './draft.js';

type WriteLimitItem = Extract<Item, { kind: 'writeLimit' }>;

/** Returns the write limits with which a policy is created. Limits that the server cannot have are reported. */
export function limitsToCreate(
  database: string,
  wanted: RetentionPolicyInfo,
  input: PlanInput,
  draft: Draft,
): WriteLimits {
  return limitsToChange(database, wanted, {}, input, draft);
}

/**
 * Returns the write limits to set on an existing policy.
 *
 * A limit that the cluster does not state is never removed from a server: clients of 2016, and servers before InfluxDB 1.12, lose the
 * limits of all policies when they push. It is reported if the cluster had it, and otherwise unmanaged.
 */
export function limitsToChange(
  database: string,
  wanted: RetentionPolicyInfo,
  here: WriteLimits,
  input: PlanInput,
  draft: Draft,
): WriteLimits {
  const changes: { -readonly [Field in keyof WriteLimits]: bigint } = {};
  for (const { limit, field } of writeLimits) {
    const item = { kind: 'writeLimit', database, policy: wanted.name, limit } as const;
    const value = wanted[field];
    const valueHere = here[field] ?? 0n;
    if (value === undefined) {
      if (valueHere !== 0n) reportUnstated(item, valueHere, input, draft);
    } else if (value === valueHere) {
      if (value !== 0n) draft.inSync += 1;
    } else if (value < 0n) draft.refuse(item, 'negative write limit');
    else if (isAtLeast(input.serverVersion, writeLimitsSince)) changes[field] = value;
    else draft.refuse(item, whyUnknown(limit, value, input));
  }
  return changes;
}

function reportUnstated(item: WriteLimitItem, here: bigint, { ledger }: PlanInput, draft: Draft): void {
  const key = keyOf(item);
  if (!ledger.current.has(key) && !ledger.held.has(key)) {
    draft.unmanaged.push(item);
    return;
  }
  const { limit } = item;
  const reason = `the metadata of the cluster lost it: a node that does not store write limits pushed a change (a client of 2016, or InfluxDB before 1.12); this server keeps ${formatDuration(here)}; set it again on the cluster`;
  draft.pending.push({
    item,
    reason: `${reason}: ${alter(item)} ${limit} LIMIT ${here}ns, or ${limit} LIMIT 0s for no limit`,
  });
}

/** The name of a policy that InfluxQL cannot express is shown as JSON. */
function alter({ database, policy }: WriteLimitItem): string {
  const name = (text: string) =>
    whyInexpressible(text) === undefined ? quoteIdentifier(text) : JSON.stringify(text);
  return `ALTER RETENTION POLICY ${name(policy)} ON ${name(database)}`;
}

function whyUnknown(limit: string, value: bigint, { serverVersion }: PlanInput): string {
  const server = serverVersion === undefined ? 'this server' : `InfluxDB ${serverVersion.slice(0, 40)}`;
  return `${server} does not have ${limit} LIMIT, which InfluxDB 1.12 has: it accepts points beyond ${formatDuration(value)} that newer servers of the cluster refuse`;
}
