/**
 * The metadata of an InfluxDB 1.x node, as immutable records with InfluxDB's names.
 *
 * Records are shared between versions: a change creates new records along its path and keeps the others. Ids, counters and
 * the cluster id are unsigned 64-bit; durations are signed 64-bit nanoseconds; times are nanoseconds since 1970.
 */

/** Fields of a record that are unknown to this library, kept in their encoding. */
export interface WithUnknownFields {
  readonly unknownFields?: Uint8Array;
}

/** The whole contents of a meta store. */
export interface MetaData extends WithUnknownFields {
  readonly term: bigint;
  /** Number of commits of this store, counted by the store itself; not part of the shared metadata. */
  readonly index: bigint;
  readonly clusterId: bigint;
  /** In order of creation. */
  readonly databases: readonly DatabaseInfo[];
  /** In order of creation. */
  readonly users: readonly UserInfo[];
  /** From InfluxDB 0.9; InfluxDB writes 0 and ignores it on reading. */
  readonly maxNodeId: bigint;
  /** The last shard group id assigned. */
  readonly maxShardGroupId: bigint;
  /** The last shard id assigned. */
  readonly maxShardId: bigint;
}

/** A database. */
export interface DatabaseInfo extends WithUnknownFields {
  readonly name: string;
  /** A policy's name; `''` is none, and the policy may not exist any more. */
  readonly defaultRetentionPolicy: string;
  readonly retentionPolicies: readonly RetentionPolicyInfo[];
  readonly continuousQueries: readonly ContinuousQueryInfo[];
}

/** How long a database keeps points, and in which shard groups. */
export interface RetentionPolicyInfo extends WithUnknownFields {
  readonly name: string;
  readonly replicaN: number;
  /** Nanoseconds; 0 is unlimited. */
  readonly duration: bigint;
  /** Nanoseconds. */
  readonly shardGroupDuration: bigint;
  /**
   * FUTURE LIMIT: points further in the future are refused. Nanoseconds; 0 is no limit. Undefined if the metadata does not state it,
   * because servers before InfluxDB 1.12 and clients of 2016 do not store it.
   */
  readonly futureWriteLimit?: bigint;
  /** PAST LIMIT: points further in the past are refused. As `futureWriteLimit`. */
  readonly pastWriteLimit?: bigint;
  readonly shardGroups: readonly ShardGroupInfo[];
  readonly subscriptions: readonly SubscriptionInfo[];
}

/** A time span of a policy, and its shards. */
export interface ShardGroupInfo extends WithUnknownFields {
  readonly id: bigint;
  /** Inclusive. */
  readonly startTime: bigint;
  /** Exclusive. */
  readonly endTime: bigint;
  /** Undefined if it is not deleted. */
  readonly deletedAt?: bigint;
  /** Undefined if it is not truncated. */
  readonly truncatedAt?: bigint;
  readonly shards: readonly ShardInfo[];
}

/** A part of a shard group, as it is stored on disk. */
export interface ShardInfo extends WithUnknownFields {
  readonly id: bigint;
  readonly owners: readonly ShardOwner[];
}

/** A node that owns a shard. */
export interface ShardOwner extends WithUnknownFields {
  readonly nodeId: bigint;
}

/** Forwards incoming points to destinations. */
export interface SubscriptionInfo extends WithUnknownFields {
  readonly name: string;
  /** Free text; `ALL` or `ANY` by convention. */
  readonly mode: string;
  readonly destinations: readonly string[];
}

/** A query that the server executes periodically. */
export interface ContinuousQueryInfo extends WithUnknownFields {
  readonly name: string;
  readonly query: string;
}

/** A user and its privileges. */
export interface UserInfo extends WithUnknownFields {
  readonly name: string;
  /** The bcrypt hash. */
  readonly hash: string;
  readonly admin: boolean;
  /** Privilege by database name. */
  readonly privileges: ReadonlyMap<string, number>;
}

/** The privilege of a user on a database; other integers are kept unchanged. */
export const Privilege = { None: 0, Read: 1, Write: 2, All: 3 } as const;

/** Nanoseconds, or an InfluxQL duration literal such as `'7d'`, `'1h30m'`, `'INF'`. */
export type DurationArgument = bigint | string;

/** A retention policy to create; omitted fields get InfluxDB's defaults. */
export interface RetentionPolicySpec {
  /** Default: `autogen`. */
  readonly name?: string;
  /** Default: 1. */
  readonly replicaN?: number;
  /** Default: 0, unlimited. */
  readonly duration?: DurationArgument;
  /** Default: 1 h, 1 d or 7 d, depending on the duration. */
  readonly shardGroupDuration?: DurationArgument;
  /** Default: not stated, which means no limit. */
  readonly futureWriteLimit?: DurationArgument;
  /** Default: not stated, which means no limit. */
  readonly pastWriteLimit?: DurationArgument;
}

/** Changes to a retention policy; an explicit 0 differs from an omitted field. */
export interface RetentionPolicyUpdate {
  readonly name?: string;
  readonly duration?: DurationArgument;
  readonly replicaN?: number;
  readonly shardGroupDuration?: DurationArgument;
  readonly futureWriteLimit?: DurationArgument;
  readonly pastWriteLimit?: DurationArgument;
}

/** The right of one node to do something until `expiration` (nanoseconds since 1970). */
export interface Lease {
  readonly name: string;
  readonly expiration: bigint;
  readonly owner: bigint;
}

/** A measurement; only its database and policy are used here. */
export interface MeasurementSource {
  readonly database: string;
  readonly retentionPolicy: string;
}

/** Where a shard belongs. */
export interface ShardOwnership {
  readonly database: string;
  readonly retentionPolicy: string;
  readonly shardGroup: ShardGroupInfo;
}
