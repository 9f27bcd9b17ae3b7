import { compareBigints, highest } from '../../bigint-order.js';
import type { MetaData } from '../../meta/records.js';
import { shardsIn } from '../read/shards-in.js';
import { grouped } from './grouped.js';
import { placeOf } from './place-of.js';
import type { FoundGroup } from './policy-groups.js';
import type { DiskShard } from './shards-on-disk.js';

/** A shard group of a policy, before it has an id. */
export interface PlacedGroup {
  readonly database: string;
  readonly policy: string;
  readonly found: FoundGroup;
}

/**
 * Puts `groups` into `data`, with ids in the order in which their shards were created. The counters are set above the ids of the shards on
 * disk and of all metadata that is known.
 */
export function numberGroups(
  data: MetaData,
  groups: readonly PlacedGroup[],
  known: readonly MetaData[],
  shards: readonly DiskShard[],
): MetaData {
  const all = [data, ...known];
  let maxShardGroupId = highest(all.flatMap(groupIds));
  const given = all.flatMap((each) => [each.maxShardId, ...Array.from(shardsIn(each), ({ id }) => id)]);
  const maxShardId = highest([...given, ...shards.map(({ id }) => id)]);
  const ids = new Map<FoundGroup, bigint>();
  const inOrder = [...groups].sort((one, other) => compareBigints(firstShard(one), firstShard(other)));
  for (const { found } of inOrder) ids.set(found, ++maxShardGroupId);
  const byPlace = grouped(
    groups.map(({ database, policy, found }) => [
      placeOf(database, policy),
      { ...found.group, id: ids.get(found) ?? 0n },
    ]),
  );
  const databases = data.databases.map((database) => ({
    ...database,
    retentionPolicies: database.retentionPolicies.map((policy) => ({
      ...policy,
      shardGroups: byPlace.get(placeOf(database.name, policy.name)) ?? [],
    })),
  }));
  return { ...data, databases, maxShardGroupId, maxShardId };
}

const firstShard = ({ found }: PlacedGroup): bigint => found.group.shards[0]?.id ?? 0n;

const groupIds = ({ databases, maxShardGroupId }: MetaData): bigint[] => [
  maxShardGroupId,
  ...databases.flatMap(({ retentionPolicies }) =>
    retentionPolicies.flatMap(({ shardGroups }) => shardGroups.map(({ id }) => id)),
  ),
];
