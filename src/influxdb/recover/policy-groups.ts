import type { RetentionPolicyInfo, ShardGroupInfo } from '../../meta/records.js';
import { byTime, effectiveEnd } from '../../meta/shard-group-times.js';
import { describeShard, shardKey } from '../read/unknown-shards.js';
import { type GroupSpan, inferSpans } from './group-spans.js';
import { grouped } from './grouped.js';
import type { RecoveredPolicy, RecoveryFinding } from './recovery-report.js';
import type { DiskShard } from './shards-on-disk.js';

/** A shard group with the id 0, because ids of groups are not on disk. */
export interface FoundGroup {
  readonly group: ShardGroupInfo;
  readonly found: 'known' | 'policy' | 'inferred';
  readonly duration: bigint;
}

/** The shard groups of a policy. */
export interface PolicyGroups {
  /** In the order in which InfluxDB searches them. */
  readonly groups: readonly FoundGroup[];
  /** The shard duration of the newest group; `undefined` if none shows it. */
  readonly newestDuration: bigint | undefined;
  readonly findings: readonly RecoveryFinding[];
}

/**
 * Returns the shard groups of the shards of one policy.
 *
 * @param known groups of this policy in metadata of the same server, the more reliable first
 * @param durations shard durations that the policy has or had, the present one first
 */
export function groupsOf(
  shards: readonly DiskShard[],
  known: readonly ShardGroupInfo[],
  durations: readonly bigint[],
): PolicyGroups {
  const findings: RecoveryFinding[] = [];
  const placed = new Map<bigint, FoundGroup>();
  const onDisk = new Map(shards.map((shard) => [shard.id, shard]));
  const candidates = byShard(known.map((group) => ownGroup(group, onDisk)));
  for (const shard of shards) {
    const its = candidates.get(shard.id) ?? [];
    const group = its.find((candidate) => holdsAll(candidate, onDisk));
    if (group !== undefined) placed.set(shard.id, knownGroup(group));
    else if (its.length > 0) findings.push(outside(shard));
    if (group?.deletedAt !== undefined) findings.push(wasDeleted(shard));
  }
  const rest = shards.filter(({ id }) => !placed.has(id));
  const times = rest.flatMap(({ id, range }) => (range === undefined ? [] : [{ id, ...range }]));
  const spans = inferSpans(times, durations);
  for (const shard of rest) {
    const span = spans.get(shard.id);
    if (span === undefined) findings.push(withoutPoints(shard));
    else if (span.duration === undefined) findings.push(unaligned(shard));
    placed.set(shard.id, span === undefined ? emptyGroup(shard) : inferredGroup(shard, span, durations[0]));
  }
  // Several shards may be in one group that a cluster of InfluxDB 0.9 to 0.11 created.
  const groups = [...new Map(Array.from(placed.values(), (each) => [keyOf(each), each])).values()].sort(
    (one, other) => byTime(one.group, other.group),
  );
  findings.push(...overlaps(groups, shards));
  return { groups, newestDuration: newestOf(times, spans), findings };
}

const keyOf = ({ group }: FoundGroup) => group.shards.map(({ id }) => id).join(' ');

/** Returns a group with the shards that are on disk. */
const ownGroup = (group: ShardGroupInfo, onDisk: ReadonlyMap<bigint, DiskShard>): ShardGroupInfo => ({
  ...group,
  shards: group.shards.filter(({ id }) => onDisk.has(id)),
});

const byShard = (groups: readonly ShardGroupInfo[]): ReadonlyMap<bigint, readonly ShardGroupInfo[]> =>
  grouped(groups.flatMap((group) => group.shards.map(({ id }) => [id, group] as const)));

const holdsAll = (group: ShardGroupInfo, onDisk: ReadonlyMap<bigint, DiskShard>) =>
  group.shards.every(({ id }) => {
    const range = onDisk.get(id)?.range;
    return range === undefined || (group.startTime <= range.first && range.last < effectiveEnd(group));
  });

function knownGroup({ startTime, endTime, truncatedAt, shards }: ShardGroupInfo): FoundGroup {
  const truncation = truncatedAt === undefined ? {} : { truncatedAt };
  return {
    group: { id: 0n, startTime, endTime, ...truncation, shards },
    found: 'known',
    duration: endTime - startTime,
  };
}

function inferredGroup(
  { id }: DiskShard,
  { startTime, endTime, duration }: GroupSpan,
  present: bigint | undefined,
): FoundGroup {
  return {
    group: { id: 0n, startTime, endTime, shards: [{ id, owners: [] }] },
    found: duration !== undefined && duration === present ? 'policy' : 'inferred',
    duration: duration ?? 0n,
  };
}

/** A group without an extent: it holds no time, so nothing is ever written to it. */
const emptyGroup = ({ id }: DiskShard): FoundGroup => ({
  group: { id: 0n, startTime: 0n, endTime: 0n, shards: [{ id, owners: [] }] },
  found: 'inferred',
  duration: 0n,
});

function newestOf(
  times: readonly { readonly id: bigint }[],
  spans: ReadonlyMap<bigint, GroupSpan>,
): bigint | undefined {
  let newest = -1n;
  for (const { id } of times) if (id > newest) newest = id;
  return spans.get(newest)?.duration;
}

/** Yields a finding for each shard whose points are in the span of a group that InfluxDB finds first. */
function* overlaps(groups: readonly FoundGroup[], shards: readonly DiskShard[]): Generator<RecoveryFinding> {
  const ranges = new Map(shards.map((shard) => [shard.id, shard]));
  for (const [at, { group }] of groups.entries()) {
    for (const { id } of group.shards) {
      const shard = ranges.get(id);
      if (shard?.range === undefined) continue;
      const { first, last } = shard.range;
      for (let before = at - 1; before >= 0; before--) {
        const other = groups[before]?.group;
        if (other === undefined || effectiveEnd(other) <= first) break;
        if (other.startTime > last || other.startTime >= effectiveEnd(other)) continue;
        yield about(
          shard,
          'overlap',
          `has points between ${timeText(first)} and ${timeText(last)}, and the group of shard ${other.shards.map((each) => each.id).join(', ')}, from ${timeText(other.startTime)} to ${timeText(effectiveEnd(other))}, is found first: new points of these times go there`,
        );
        break;
      }
    }
  }
}

/** Returns a finding about a shard; `text` continues its name. */
export function about(
  { id, database, policy }: Pick<DiskShard, 'id' | 'database' | 'policy'>,
  kind: RecoveryFinding['kind'],
  text: string,
): RecoveryFinding {
  const message = `${describeShard(shardKey(id, database, policy))} ${text}`;
  return { kind, message, database, policy, shard: id };
}

const outside = (shard: DiskShard) =>
  about(
    shard,
    'contradiction',
    'has points outside its group in the older metadata: its group was inferred from the points',
  );

const wasDeleted = (shard: DiskShard) =>
  about(
    shard,
    'note',
    'is in a deleted group in the older metadata, and on disk: it is recovered; the retention policy deletes it again if it expired',
  );

const withoutPoints = (shard: DiskShard) =>
  about(shard, 'guessed', 'has no points, so its time span is unknown: its group holds no time');

const unaligned = (shard: DiskShard) =>
  about(
    shard,
    'guessed',
    'has points that no usual shard duration explains: its group holds exactly their times',
  );

/** Formats nanoseconds since 1970 as a date and time; as a number outside of the years of a date. */
export function timeText(nanoseconds: bigint): string {
  const date = new Date(Number(nanoseconds / 1_000_000n));
  return Number.isNaN(date.getTime()) ? `${nanoseconds} ns` : date.toISOString().replace('.000Z', 'Z');
}

/** Counts groups by how they were found and how long they are. */
export function countGroups(groups: readonly FoundGroup[]): RecoveredPolicy['groups'] {
  const counts = new Map<string, { found: FoundGroup['found']; duration: bigint; count: number }>();
  for (const { found, duration } of groups) {
    const key = `${found} ${duration}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { found, duration, count: 1 });
    else known.count += 1;
  }
  return [...counts.values()];
}

/** The durations of groups in metadata, the most frequent first. */
export function durationsIn(policies: readonly (RetentionPolicyInfo | undefined)[]): readonly bigint[] {
  const present = policies.flatMap((policy) => (policy === undefined ? [] : [policy.shardGroupDuration]));
  const counts = new Map<bigint, number>();
  for (const policy of policies) {
    for (const { startTime, endTime } of policy?.shardGroups ?? []) {
      const duration = endTime - startTime;
      counts.set(duration, (counts.get(duration) ?? 0) + 1);
    }
  }
  const seen = [...counts].sort(([, one], [, other]) => other - one).map(([duration]) => duration);
  return [...new Set([...present, ...seen])];
}
