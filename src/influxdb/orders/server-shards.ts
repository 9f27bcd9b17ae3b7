import { highest } from '../../bigint-order.js';
import type { OrderedItem } from '../../protocol/drop-orders.js';
import type { InfluxConnection } from '../connect/influx-connection.js';
import type { Reading } from '../read/metadata-reader.js';
import { shardsIn } from '../read/shards-in.js';
import { shardsInMetadata } from '../read/unknown-shards.js';

/** A shard of a server. */
export interface ServerShard {
  readonly id: bigint;
  readonly database: string;
  readonly policy: string;
  /** Start of its group, in nanoseconds since 1970; absent without the snapshot port. */
  readonly startTime?: bigint;
}

/** The shards in the metadata of a server. */
export interface ServerShards {
  readonly list: readonly ServerShard[];
  /** The highest id; with the snapshot port also that of dropped shards. 0: there was none. */
  readonly highest: bigint;
  /** Commit index of the metadata; absent without the snapshot port. */
  readonly index?: bigint;
}

/** Returns the shards of `reading`; without the snapshot port they are read by SHOW SHARDS. */
export async function shardsOf(
  { metadata, source }: Reading,
  connection: InfluxConnection,
  signal?: AbortSignal,
): Promise<ServerShards> {
  if (source === 'snapshot') {
    const list = Array.from(shardsIn(metadata), ({ group, ...shard }) => ({
      ...shard,
      startTime: group.startTime,
    }));
    return { list, highest: highest(idsOf(list), metadata.maxShardId), index: metadata.index };
  }
  const list = await shardsInMetadata(connection, signal);
  return { list, highest: highest(idsOf(list)) };
}

/** Returns the ids of the shards in a database or policy. */
export const shardIdsIn = ({ list }: ServerShards, item: OrderedItem): readonly bigint[] =>
  list
    .filter(
      ({ database, policy }) =>
        database === item.database && (item.kind === 'database' || policy === item.policy),
    )
    .map(({ id }) => id);

const idsOf = (list: readonly ServerShard[]) => list.map(({ id }) => id);
