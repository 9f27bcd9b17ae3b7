import type { MetaData } from './records.js';

/**
 * Returns `wanted` as the version after `current` (R25). The counters of shard groups and shards never decrease, because a reused shard
 * id mixes the data of two databases. The cluster id stays the one that the nodes have.
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
