import type { MetaData } from '../meta/records.js';

/**
 * `wanted` as the version after `current` (R25): the counters of shard groups and shards never fall, for a shard id that is given
 * again mixes the data of two databases; and the cluster stays the one that its nodes know.
 */
export function onTopOf(current: MetaData, wanted: MetaData): MetaData {
  return {
    ...wanted,
    term: highest(current.term, wanted.term),
    index: highest(current.index, wanted.index),
    clusterId: current.clusterId,
    maxNodeId: highest(current.maxNodeId, wanted.maxNodeId),
    maxShardGroupId: highest(current.maxShardGroupId, wanted.maxShardGroupId),
    maxShardId: highest(current.maxShardId, wanted.maxShardId),
  };
}

const highest = (a: bigint, b: bigint) => (a > b ? a : b);
