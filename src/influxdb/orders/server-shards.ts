import type { MetaData } from '../../meta/records.js';
import type { OrderedItem } from '../../protocol/drop-orders.js';
import type { InfluxConnection } from '../influx-connection.js';
import type { Reading } from '../metadata-reader.js';
import { shardsInMetadata } from '../shards-on-disk.js';

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
  if (source === 'snapshot') return shardsIn(metadata);
  const list = await shardsInMetadata(connection, signal);
  return { list, highest: highestOf(list) };
}

/** Returns the ids of the shards in a database or policy. */
export const shardIdsIn = ({ list }: ServerShards, item: OrderedItem): readonly bigint[] =>
  list
    .filter(
      ({ database, policy }) =>
        database === item.database && (item.kind === 'database' || policy === item.policy),
    )
    .map(({ id }) => id);

function shardsIn({ databases, maxShardId, index }: MetaData): ServerShards {
  const list = databases.flatMap(({ name: database, retentionPolicies }) =>
    retentionPolicies.flatMap(({ name: policy, shardGroups }) =>
      shardGroups.flatMap(({ startTime, shards }) =>
        shards.map(({ id }) => ({ id, database, policy, startTime })),
      ),
    ),
  );
  return { list, highest: highestOf(list, maxShardId), index };
}

function highestOf(list: readonly ServerShard[], atLeast = 0n): bigint {
  let highest = atLeast;
  for (const { id } of list) if (id > highest) highest = id;
  return highest;
}
