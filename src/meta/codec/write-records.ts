import type {
  ContinuousQueryInfo,
  DatabaseInfo,
  RetentionPolicyInfo,
  ShardGroupInfo,
  ShardInfo,
  ShardOwner,
  SubscriptionInfo,
  UserInfo,
} from '../records.js';
import { unknownPrivilegeFields } from './privilege-fields.js';
import { verbatimBody } from './verbatim.js';
import type { WireWriter } from './wire-writer.js';

/*
 * One function for each message of the wire format. The writer runs backwards, so fields come in falling order, and the elements
 * of a list from the last to the first. Fields that are required are written also when they are zero or empty.
 */

/** Writes each of `items` as a field of its own. */
function writeEach<T>(
  writer: WireWriter,
  tag: number,
  items: readonly T[],
  write: (writer: WireWriter, item: T) => void,
): void {
  for (let i = items.length - 1; i >= 0; i--) {
    const item = items[i];
    if (item === undefined) continue;
    const before = writer.size;
    write(writer, item);
    writer.delimit(tag, before);
  }
}

export function writeDatabase(writer: WireWriter, database: DatabaseInfo): void {
  if (database.unknownFields !== undefined) writer.raw(database.unknownFields);
  writeEach(writer, 0x22, database.continuousQueries, writeContinuousQuery);
  writeEach(writer, 0x1a, database.retentionPolicies, writeRetentionPolicy);
  writer.string(0x12, database.defaultRetentionPolicy);
  writer.string(0x0a, database.name);
}

function writeRetentionPolicy(writer: WireWriter, policy: RetentionPolicyInfo): void {
  const verbatim = verbatimBody(policy);
  if (verbatim !== undefined) {
    writer.raw(verbatim);
    return;
  }
  if (policy.unknownFields !== undefined) writer.raw(policy.unknownFields);
  // Written only if they are stated: InfluxDB 1.12 always writes them, also as zero, and older versions never do.
  if (policy.pastWriteLimit !== undefined) writer.int64(0x40, policy.pastWriteLimit);
  if (policy.futureWriteLimit !== undefined) writer.int64(0x38, policy.futureWriteLimit);
  writeEach(writer, 0x32, policy.subscriptions, writeSubscription);
  writeEach(writer, 0x2a, policy.shardGroups, writeShardGroup);
  writer.uint32(0x20, policy.replicaN);
  writer.int64(0x18, policy.shardGroupDuration);
  writer.int64(0x10, policy.duration);
  writer.string(0x0a, policy.name);
}

function writeShardGroup(writer: WireWriter, group: ShardGroupInfo): void {
  const { unknownFields, deletedAt, truncatedAt, shards } = group;
  if (unknownFields !== undefined) writer.raw(unknownFields);
  if (truncatedAt !== undefined) writer.time(0x30, truncatedAt);
  for (let i = shards.length - 1; i >= 0; i--) {
    const shard = shards[i];
    if (shard === undefined) continue;
    const before = writer.size;
    writeShard(writer, shard);
    writer.delimit(0x2a, before);
  }
  if (deletedAt === undefined) writer.zero(0x20);
  else writer.time(0x20, deletedAt);
  writer.int64(0x18, group.endTime);
  writer.int64(0x10, group.startTime);
  writer.uint64(0x08, group.id);
}

function writeShard(writer: WireWriter, { id, owners, unknownFields }: ShardInfo): void {
  if (unknownFields !== undefined) writer.raw(unknownFields);
  if (owners.length > 0) writeEach(writer, 0x1a, owners, writeShardOwner);
  writer.uint64(0x08, id);
}

function writeShardOwner(writer: WireWriter, owner: ShardOwner): void {
  if (owner.unknownFields !== undefined) writer.raw(owner.unknownFields);
  writer.uint64(0x08, owner.nodeId);
}

function writeSubscription(writer: WireWriter, subscription: SubscriptionInfo): void {
  const verbatim = verbatimBody(subscription);
  if (verbatim !== undefined) {
    writer.raw(verbatim);
    return;
  }
  if (subscription.unknownFields !== undefined) writer.raw(subscription.unknownFields);
  for (const destination of subscription.destinations.toReversed()) writer.string(0x1a, destination);
  writer.string(0x12, subscription.mode);
  writer.string(0x0a, subscription.name);
}

function writeContinuousQuery(writer: WireWriter, query: ContinuousQueryInfo): void {
  const verbatim = verbatimBody(query);
  if (verbatim !== undefined) {
    writer.raw(verbatim);
    return;
  }
  if (query.unknownFields !== undefined) writer.raw(query.unknownFields);
  writer.string(0x12, query.query);
  writer.string(0x0a, query.name);
}

/** `sorted`: privileges by database name instead of in their own order, which means nothing. */
export function writeUser(writer: WireWriter, user: UserInfo, { sorted = false } = {}): void {
  if (user.unknownFields !== undefined) writer.raw(user.unknownFields);
  const entries = [...user.privileges];
  if (sorted) entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  for (const [database, privilege] of entries.reverse()) {
    const before = writer.size;
    const unknownFields = unknownPrivilegeFields(user.privileges, database);
    if (unknownFields !== undefined) writer.raw(unknownFields);
    writer.int32(0x10, privilege);
    writer.string(0x0a, database);
    writer.delimit(0x22, before);
  }
  writer.bool(0x18, user.admin);
  writer.string(0x12, user.hash);
  writer.string(0x0a, user.name);
}
