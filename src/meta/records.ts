/**
 * The metadata of an InfluxDB 1.x node, as immutable records named as InfluxDB names them.
 *
 * Records are shared between versions: a change makes new records along its path and keeps the others. Ids, counters and
 * the cluster id are unsigned 64-bit; durations are signed 64-bit nanoseconds; times are nanoseconds since 1970.
 */

/** Fields of a record that this library does not know (InfluxDB 1.12 has some), kept as they were encoded. */
export interface WithUnknownFields {
  readonly unknownFields?: Uint8Array;
}

/** Everything a meta store holds. */
export interface MetaData extends WithUnknownFields {
  readonly term: bigint;
  /** Commits of this store, counted by the store itself; not part of what nodes share. */
  readonly index: bigint;
  readonly clusterId: bigint;
  /** In order of creation. */
  readonly databases: readonly DatabaseInfo[];
  /** In order of creation. */
  readonly users: readonly UserInfo[];
  /** Of the 0.9 era; InfluxDB writes 0 and ignores it on reading. */
  readonly maxNodeId: bigint;
  /** The last shard group id that was given out. */
  readonly maxShardGroupId: bigint;
  /** The last shard id that was given out. */
  readonly maxShardId: bigint;
}

/** A database. */
export interface DatabaseInfo extends WithUnknownFields {
  readonly name: string;
  /** A policy's name; `''` is none, and it may name a policy that is no longer there. */
  readonly defaultRetentionPolicy: string;
  readonly retentionPolicies: readonly RetentionPolicyInfo[];
  readonly continuousQueries: readonly ContinuousQueryInfo[];
}

/** How long a database keeps points, and where. */
export interface RetentionPolicyInfo extends WithUnknownFields {
  readonly name: string;
  readonly replicaN: number;
  /** Nanoseconds; 0 keeps for ever. */
  readonly duration: bigint;
  /** Nanoseconds. */
  readonly shardGroupDuration: bigint;
  readonly shardGroups: readonly ShardGroupInfo[];
  readonly subscriptions: readonly SubscriptionInfo[];
}

/** A span of time of a policy, and its shards. */
export interface ShardGroupInfo extends WithUnknownFields {
  readonly id: bigint;
  /** Inclusive. */
  readonly startTime: bigint;
  /** Exclusive. */
  readonly endTime: bigint;
  /** Absent: alive. */
  readonly deletedAt?: bigint;
  /** Absent: not truncated. */
  readonly truncatedAt?: bigint;
  readonly shards: readonly ShardInfo[];
}

/** A part of a shard group, as it lies on disk. */
export interface ShardInfo extends WithUnknownFields {
  readonly id: bigint;
  readonly owners: readonly ShardOwner[];
}

/** A node that has a shard. */
export interface ShardOwner extends WithUnknownFields {
  readonly nodeId: bigint;
}

/** Where points that come in are sent on to. */
export interface SubscriptionInfo extends WithUnknownFields {
  readonly name: string;
  /** Free text; `ALL` or `ANY` by convention. */
  readonly mode: string;
  readonly destinations: readonly string[];
}

/** A query that the server runs by itself. */
export interface ContinuousQueryInfo extends WithUnknownFields {
  readonly name: string;
  readonly query: string;
}

/** A user and what it may do. */
export interface UserInfo extends WithUnknownFields {
  readonly name: string;
  /** bcrypt text. */
  readonly hash: string;
  readonly admin: boolean;
  /** Database name to privilege. */
  readonly privileges: ReadonlyMap<string, number>;
}

/** What a user may do on a database; other integers are kept as they are. */
export const Privilege = { None: 0, Read: 1, Write: 2, All: 3 } as const;

/** Nanoseconds, or an InfluxQL duration literal such as `'7d'`, `'1h30m'`, `'INF'`. */
export type DurationArgument = bigint | string;

/** A retention policy to be made; what is absent gets InfluxDB's default. */
export interface RetentionPolicySpec {
  /** Default: `autogen`. */
  readonly name?: string;
  /** Default: 1. */
  readonly replicaN?: number;
  /** Default: 0, for ever. */
  readonly duration?: DurationArgument;
  /** Default: by the duration, 1 h, 1 d or 7 d. */
  readonly shardGroupDuration?: DurationArgument;
}

/** What to change of a retention policy; an explicit 0 differs from absent. */
export interface RetentionPolicyUpdate {
  readonly name?: string;
  readonly duration?: DurationArgument;
  readonly replicaN?: number;
  readonly shardGroupDuration?: DurationArgument;
}

/** Right of one node to do something until `expiration` (nanoseconds since 1970). */
export interface Lease {
  readonly name: string;
  readonly expiration: bigint;
  readonly owner: bigint;
}

/** A measurement's place, of which only database and policy matter here. */
export interface MeasurementSource {
  readonly database: string;
  readonly retentionPolicy: string;
}

/** Where a shard belongs; empty names and no group where no live group holds it. */
export interface ShardOwnership {
  readonly database: string;
  readonly retentionPolicy: string;
  readonly shardGroup: ShardGroupInfo | undefined;
}
