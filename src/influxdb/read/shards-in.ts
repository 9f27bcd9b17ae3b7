import type { MetaData, ShardGroupInfo } from '../../meta/records.js';

/** A shard in metadata. */
export interface PlacedShard {
  readonly id: bigint;
  readonly database: string;
  readonly policy: string;
  readonly group: ShardGroupInfo;
}

/** Yields the shards of all policies, also those of deleted groups. */
export function* shardsIn({ databases }: Pick<MetaData, 'databases'>): Generator<PlacedShard> {
  for (const { name: database, retentionPolicies } of databases)
    for (const { name: policy, shardGroups } of retentionPolicies)
      for (const group of shardGroups)
        for (const { id } of group.shards) yield { id, database, policy, group };
}
