import type {
  ContinuousQueryInfo,
  DatabaseInfo,
  RetentionPolicyInfo,
  ShardGroupInfo,
  SubscriptionInfo,
} from '../records.js';
import { missing, none, requireAll } from './message-parts.js';
import { readShardGroup } from './read-shard-group.js';
import { UnknownFields } from './unknown-fields.js';
import { keepIfLossy } from './verbatim.js';
import type { WireReader } from './wire-reader.js';

/*
 * One function for each message of the wire format, from its first byte to `end`. Tags are written as encoded: 0x0a is field 1,
 * length-delimited; 0x10 is field 2, varint. A known field with another wire type has another tag, and so counts as unknown. `seen` has
 * one bit for each required field. An array is created with its first element, because most have one only and `[]` followed by a push
 * allocates room for seventeen.
 */

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
  if (seen !== 3) requireAll(seen, databaseFields, first);
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
  let futureWriteLimit: bigint | undefined;
  let pastWriteLimit: bigint | undefined;
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
      case 0x38:
        futureWriteLimit = reader.int64();
        break;
      case 0x40:
        pastWriteLimit = reader.int64();
        break;
      default:
        unknown = (unknown ?? new UnknownFields()).skip(reader, tag, start, end);
    }
  }
  reader.finish(end);
  if (seen !== 15) requireAll(seen, policyFields, first);
  const policy: RetentionPolicyInfo = {
    name,
    replicaN,
    duration,
    shardGroupDuration,
    shardGroups: shardGroups ?? none,
    subscriptions: subscriptions ?? none,
  };
  const limited =
    futureWriteLimit === undefined && pastWriteLimit === undefined
      ? policy
      : withWriteLimits(policy, futureWriteLimit, pastWriteLimit);
  const whole = unknown === undefined ? limited : unknown.addTo(limited, reader.bytes);
  return keepIfLossy(whole, name, reader.bytes, first, end);
}

/** Optional fields are absent if they are not stated, because a present zero means no limit. */
function withWriteLimits(
  policy: RetentionPolicyInfo,
  futureWriteLimit: bigint | undefined,
  pastWriteLimit: bigint | undefined,
): RetentionPolicyInfo {
  return {
    ...policy,
    ...(futureWriteLimit === undefined ? {} : { futureWriteLimit }),
    ...(pastWriteLimit === undefined ? {} : { pastWriteLimit }),
  };
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
