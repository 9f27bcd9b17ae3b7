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
import { keepUnknownPrivilegeFields } from './privilege-fields.js';
import { UnknownFields } from './unknown-fields.js';
import { keepIfLossy } from './verbatim.js';
import { Malformed, type WireReader } from './wire-reader.js';

/*
 * One function for each message of the wire format, from its first byte up to `end`. Tags are written as they stand in the bytes:
 * 0x0a is field 1, length-delimited; 0x10 is field 2, varint. A known field with another wire type has another tag, and so falls
 * among the unknown. `seen` has one bit for each required field. An array is begun with its first element, for most have one
 * only and `[]` followed by a push takes room for seventeen.
 */

/** All empty lists are this one: a snapshot has a hundred thousand of them. */
const none: readonly never[] = Object.freeze([]);

function missing(field: string, start: number): Malformed {
  // The message may be empty, and then the last byte of its length is all there is of it.
  return new Malformed(`the required field ${field} is missing`, start - 1);
}

/** Throws for the first of `fields` whose bit is not in `seen`. */
function require(seen: number, fields: readonly string[], start: number): void {
  for (const [bit, field] of fields.entries()) {
    if ((seen & (1 << bit)) === 0) throw missing(field, start);
  }
}

const databaseFields = ['name', 'defaultRetentionPolicy'];

export function readDatabase(reader: WireReader, end: number): DatabaseInfo {
  const first = reader.pos;
  let seen = 0;
  let name = '';
  let defaultRetentionPolicy = '';
  let retentionPolicies: RetentionPolicyInfo[] | undefined;
  let continuousQueries: ContinuousQueryInfo[] | undefined;
  let unknown: UnknownFields | undefined;
  while (reader.pos < end) {
    const start = reader.pos;
    const tag = reader.tag();
    switch (tag) {
      case 0x0a:
        name = reader.string(end);
        seen |= 1;
        break;
      case 0x12:
        defaultRetentionPolicy = reader.string(end);
        seen |= 2;
        break;
      case 0x1a: {
        const policy = readRetentionPolicy(reader, reader.delimitedEnd(end));
        if (retentionPolicies === undefined) retentionPolicies = [policy];
        else retentionPolicies.push(policy);
        break;
      }
      case 0x22: {
        const query = readContinuousQuery(reader, reader.delimitedEnd(end));
        if (continuousQueries === undefined) continuousQueries = [query];
        else continuousQueries.push(query);
        break;
      }
      default:
        unknown = (unknown ?? new UnknownFields()).skip(reader, tag, start, end);
    }
  }
  reader.finish(end);
  if (seen !== 3) require(seen, databaseFields, first);
  const database: DatabaseInfo = {
    name,
    defaultRetentionPolicy,
    retentionPolicies: retentionPolicies ?? none,
    continuousQueries: continuousQueries ?? none,
  };
  return unknown === undefined ? database : unknown.addTo(database, reader.bytes);
}

const policyFields = ['name', 'duration', 'shardGroupDuration', 'replicaN'];

function readRetentionPolicy(reader: WireReader, end: number): RetentionPolicyInfo {
  const first = reader.pos;
  let seen = 0;
  let name = '';
  let duration = 0n;
  let shardGroupDuration = 0n;
  let replicaN = 0;
  let shardGroups: ShardGroupInfo[] | undefined;
  let subscriptions: SubscriptionInfo[] | undefined;
  let unknown: UnknownFields | undefined;
  while (reader.pos < end) {
    const start = reader.pos;
    const tag = reader.tag();
    switch (tag) {
      case 0x0a:
        name = reader.string(end);
        seen |= 1;
        break;
      case 0x10:
        duration = reader.int64();
        seen |= 2;
        break;
      case 0x18:
        shardGroupDuration = reader.int64();
        seen |= 4;
        break;
      case 0x20:
        replicaN = reader.uint32();
        seen |= 8;
        break;
      case 0x2a: {
        const group = readShardGroup(reader, reader.delimitedEnd(end));
        if (shardGroups === undefined) shardGroups = [group];
        else shardGroups.push(group);
        break;
      }
      case 0x32: {
        const subscription = readSubscription(reader, reader.delimitedEnd(end));
        if (subscriptions === undefined) subscriptions = [subscription];
        else subscriptions.push(subscription);
        break;
      }
      default:
        unknown = (unknown ?? new UnknownFields()).skip(reader, tag, start, end);
    }
  }
  reader.finish(end);
  if (seen !== 15) require(seen, policyFields, first);
  const policy: RetentionPolicyInfo = {
    name,
    replicaN,
    duration,
    shardGroupDuration,
    shardGroups: shardGroups ?? none,
    subscriptions: subscriptions ?? none,
  };
  const whole = unknown === undefined ? policy : unknown.addTo(policy, reader.bytes);
  return keepIfLossy(whole, name, reader.bytes, first, end);
}

const groupFields = ['id', 'startTime', 'endTime', 'deletedAt'];

function readShardGroup(reader: WireReader, end: number): ShardGroupInfo {
  const first = reader.pos;
  let seen = 0;
  let id = 0n;
  let startTime = 0n;
  let endTime = 0n;
  // On the wire, 0 is "not deleted" and "not truncated".
  let deletedAt = 0n;
  let truncatedAt = 0n;
  let shards: ShardInfo[] | undefined;
  let unknown: UnknownFields | undefined;
  while (reader.pos < end) {
    const start = reader.pos;
    const tag = reader.tag();
    switch (tag) {
      case 0x08:
        id = reader.uint64();
        seen |= 1;
        break;
      case 0x10:
        startTime = reader.int64();
        seen |= 2;
        break;
      case 0x18:
        endTime = reader.int64();
        seen |= 4;
        break;
      case 0x20:
        deletedAt = reader.int64();
        seen |= 8;
        break;
      case 0x2a: {
        const shard = readShard(reader, reader.delimitedEnd(end));
        if (shards === undefined) shards = [shard];
        else shards.push(shard);
        break;
      }
      case 0x30:
        truncatedAt = reader.int64();
        break;
      default:
        unknown = (unknown ?? new UnknownFields()).skip(reader, tag, start, end);
    }
  }
  reader.finish(end);
  if (seen !== 15) require(seen, groupFields, first);
  const base = { id, startTime, endTime, shards: shards ?? none };
  const group: ShardGroupInfo =
    deletedAt === 0n
      ? truncatedAt === 0n
        ? base
        : { ...base, truncatedAt }
      : truncatedAt === 0n
        ? { ...base, deletedAt }
        : { ...base, deletedAt, truncatedAt };
  return unknown === undefined ? group : unknown.addTo(group, reader.bytes);
}

function readShard(reader: WireReader, end: number): ShardInfo {
  const first = reader.pos;
  let id: bigint | undefined;
  let owners: ShardOwner[] | undefined;
  let ownerIds: ShardOwner[] | undefined;
  let unknown: UnknownFields | undefined;
  while (reader.pos < end) {
    const start = reader.pos;
    const tag = reader.tag();
    switch (tag) {
      case 0x08:
        id = reader.uint64();
        break;
      // OwnerIDs of the 0.9 era, one by one or packed: where there are any, they are the owners and Owners counts for nothing.
      case 0x10:
        ownerIds ??= [];
        ownerIds.push({ nodeId: reader.uint64() });
        break;
      case 0x12: {
        const last = reader.delimitedEnd(end);
        ownerIds ??= [];
        while (reader.pos < last) ownerIds.push({ nodeId: reader.uint64() });
        reader.finish(last);
        break;
      }
      case 0x1a: {
        const owner = readShardOwner(reader, reader.delimitedEnd(end));
        if (owners === undefined) owners = [owner];
        else owners.push(owner);
        break;
      }
      default:
        unknown = (unknown ?? new UnknownFields()).skip(reader, tag, start, end);
    }
  }
  reader.finish(end);
  if (id === undefined) throw missing('id', first);
  const shard: ShardInfo = { id, owners: ownerIds?.length ? ownerIds : (owners ?? none) };
  return unknown === undefined ? shard : unknown.addTo(shard, reader.bytes);
}

function readShardOwner(reader: WireReader, end: number): ShardOwner {
  const first = reader.pos;
  let nodeId: bigint | undefined;
  let unknown: UnknownFields | undefined;
  while (reader.pos < end) {
    const start = reader.pos;
    const tag = reader.tag();
    if (tag === 0x08) nodeId = reader.uint64();
    else unknown = (unknown ?? new UnknownFields()).skip(reader, tag, start, end);
  }
  reader.finish(end);
  if (nodeId === undefined) throw missing('nodeId', first);
  const owner: ShardOwner = { nodeId };
  return unknown === undefined ? owner : unknown.addTo(owner, reader.bytes);
}

function readSubscription(reader: WireReader, end: number): SubscriptionInfo {
  const first = reader.pos;
  let name: string | undefined;
  let mode: string | undefined;
  let destinations: string[] | undefined;
  let unknown: UnknownFields | undefined;
  while (reader.pos < end) {
    const start = reader.pos;
    const tag = reader.tag();
    switch (tag) {
      case 0x0a:
        name = reader.string(end);
        break;
      case 0x12:
        mode = reader.string(end);
        break;
      case 0x1a: {
        const destination = reader.string(end);
        if (destinations === undefined) destinations = [destination];
        else destinations.push(destination);
        break;
      }
      default:
        unknown = (unknown ?? new UnknownFields()).skip(reader, tag, start, end);
    }
  }
  reader.finish(end);
  if (name === undefined) throw missing('name', first);
  if (mode === undefined) throw missing('mode', first);
  const subscription: SubscriptionInfo = { name, mode, destinations: destinations ?? none };
  const whole = unknown === undefined ? subscription : unknown.addTo(subscription, reader.bytes);
  const texts = destinations === undefined ? name + mode : name + mode + destinations.join('');
  return keepIfLossy(whole, texts, reader.bytes, first, end);
}

function readContinuousQuery(reader: WireReader, end: number): ContinuousQueryInfo {
  const first = reader.pos;
  let name: string | undefined;
  let query: string | undefined;
  let unknown: UnknownFields | undefined;
  while (reader.pos < end) {
    const start = reader.pos;
    const tag = reader.tag();
    switch (tag) {
      case 0x0a:
        name = reader.string(end);
        break;
      case 0x12:
        query = reader.string(end);
        break;
      default:
        unknown = (unknown ?? new UnknownFields()).skip(reader, tag, start, end);
    }
  }
  reader.finish(end);
  if (name === undefined) throw missing('name', first);
  if (query === undefined) throw missing('query', first);
  const continuousQuery: ContinuousQueryInfo = { name, query };
  const whole = unknown === undefined ? continuousQuery : unknown.addTo(continuousQuery, reader.bytes);
  return keepIfLossy(whole, name + query, reader.bytes, first, end);
}

const userFields = ['name', 'hash', 'admin'];

export function readUser(reader: WireReader, end: number): UserInfo {
  const first = reader.pos;
  let seen = 0;
  let name = '';
  let hash = '';
  let admin = false;
  const privileges = new Map<string, number>();
  let unknown: UnknownFields | undefined;
  while (reader.pos < end) {
    const start = reader.pos;
    const tag = reader.tag();
    switch (tag) {
      case 0x0a:
        name = reader.string(end);
        seen |= 1;
        break;
      case 0x12:
        hash = reader.string(end);
        seen |= 2;
        break;
      case 0x18:
        admin = reader.bool();
        seen |= 4;
        break;
      case 0x22:
        readPrivilege(reader, reader.delimitedEnd(end), privileges);
        break;
      default:
        unknown = (unknown ?? new UnknownFields()).skip(reader, tag, start, end);
    }
  }
  reader.finish(end);
  if (seen !== 7) require(seen, userFields, first);
  const user: UserInfo = { name, hash, admin, privileges };
  return unknown === undefined ? user : unknown.addTo(user, reader.bytes);
}

/** Of a database named twice, the last counts. */
function readPrivilege(reader: WireReader, end: number, privileges: Map<string, number>): void {
  const first = reader.pos;
  let database: string | undefined;
  let privilege: number | undefined;
  let unknown: UnknownFields | undefined;
  while (reader.pos < end) {
    const start = reader.pos;
    const tag = reader.tag();
    switch (tag) {
      case 0x0a:
        database = reader.string(end);
        break;
      case 0x10:
        privilege = reader.int32();
        break;
      default:
        unknown = (unknown ?? new UnknownFields()).skip(reader, tag, start, end);
    }
  }
  reader.finish(end);
  if (database === undefined) throw missing('database', first);
  if (privilege === undefined) throw missing('privilege', first);
  privileges.set(database, privilege);
  keepUnknownPrivilegeFields(privileges, database, unknown?.copyFrom(reader.bytes));
}
