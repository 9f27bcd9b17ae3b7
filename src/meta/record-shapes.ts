import {
  bigint,
  bytes,
  flag,
  listOf,
  map,
  number,
  optional,
  string,
  type ValueKind,
} from '../value-kinds.js';
import type {
  ContinuousQueryInfo,
  DatabaseInfo,
  MetaData,
  RetentionPolicyInfo,
  ShardGroupInfo,
  ShardInfo,
  ShardOwner,
  SubscriptionInfo,
  UserInfo,
} from './records.js';

/** The fields of a record: the kind of a plain value, or the shape of the records of a list. The type requires all of them. */
export type Shape<T> = {
  readonly [Name in keyof Required<T>]: Required<T>[Name] extends readonly (infer Item extends object)[]
    ? { readonly items: Shape<Item> }
    : ValueKind;
};
/** The fields of any record. */
export type AnyShape = { readonly [name: string]: { readonly items: AnyShape } | ValueKind };

const unknownFields = optional(bytes);

const owner: Shape<ShardOwner> = { nodeId: bigint, unknownFields };
const shard: Shape<ShardInfo> = { id: bigint, owners: { items: owner }, unknownFields };
const shardGroup: Shape<ShardGroupInfo> = {
  id: bigint,
  startTime: bigint,
  endTime: bigint,
  deletedAt: optional(bigint),
  truncatedAt: optional(bigint),
  shards: { items: shard },
  unknownFields,
};
const subscription: Shape<SubscriptionInfo> = {
  name: string,
  mode: string,
  destinations: listOf(string),
  unknownFields,
};
const continuousQuery: Shape<ContinuousQueryInfo> = { name: string, query: string, unknownFields };
const retentionPolicy: Shape<RetentionPolicyInfo> = {
  name: string,
  replicaN: number,
  duration: bigint,
  shardGroupDuration: bigint,
  futureWriteLimit: optional(bigint),
  pastWriteLimit: optional(bigint),
  shardGroups: { items: shardGroup },
  subscriptions: { items: subscription },
  unknownFields,
};
const database: Shape<DatabaseInfo> = {
  name: string,
  defaultRetentionPolicy: string,
  retentionPolicies: { items: retentionPolicy },
  continuousQueries: { items: continuousQuery },
  unknownFields,
};
const user: Shape<UserInfo> = { name: string, hash: string, admin: flag, privileges: map, unknownFields };

/** The records of metadata. */
export const metadataShape: Shape<MetaData> = {
  term: bigint,
  index: bigint,
  clusterId: bigint,
  databases: { items: database },
  users: { items: user },
  maxNodeId: bigint,
  maxShardGroupId: bigint,
  maxShardId: bigint,
  unknownFields,
};
