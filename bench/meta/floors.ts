import type { MetaData, ShardGroupInfo } from 'clusterflux';
import { WireReader } from '../../src/meta/codec/wire-reader.js';

/*
 * The minimum that any implementation needs. Both floors know the shape of the benchmark's snapshot: every database has one policy, every group one
 * shard without owners, nothing is deleted or truncated, there are no users and no fields unknown.
 */

/** The numbers of the snapshot's groups, parsed already, and what else its tree is made of. */
export interface ParsedSnapshot {
  readonly data: MetaData;
  readonly groups: number;
  /** Of each group: id, start, end, id of its shard. */
  readonly numbers: BigInt64Array;
}

export function parsedSnapshot(data: MetaData): ParsedSnapshot {
  const groups = data.databases[0]?.retentionPolicies[0]?.shardGroups.length ?? 0;
  const numbers: bigint[] = [];
  for (const database of data.databases) {
    for (const group of database.retentionPolicies[0]?.shardGroups ?? []) {
      numbers.push(group.id, group.startTime, group.endTime, group.shards[0]?.id ?? 0n);
    }
  }
  return { data, groups, numbers: BigInt64Array.from(numbers) };
}

const none: readonly never[] = Object.freeze([]);

/** The floor of decoding: allocates the tree, with fresh numbers, and parses nothing. */
export function allocateTree({ data, groups, numbers }: ParsedSnapshot): MetaData {
  let next = 0;
  const number = () => numbers[next++] ?? 0n;
  const shardGroup = (): ShardGroupInfo => {
    const id = number();
    const startTime = number();
    const endTime = number();
    return { id, startTime, endTime, shards: [{ id: number(), owners: none }] };
  };
  const databases = [];
  for (const { name, defaultRetentionPolicy, retentionPolicies } of data.databases) {
    const [policy] = retentionPolicies;
    if (policy === undefined) continue;
    const shardGroups = [shardGroup()];
    for (let i = 1; i < groups; i++) shardGroups.push(shardGroup());
    const { replicaN, duration, shardGroupDuration } = policy;
    databases.push({
      name,
      defaultRetentionPolicy,
      retentionPolicies: [
        { name: policy.name, replicaN, duration, shardGroupDuration, shardGroups, subscriptions: none },
      ],
      continuousQueries: none,
    });
  }
  return { ...data, databases };
}

/** The lengths of all messages of the snapshot, in the order in which they are written. */
export function lengthsOf(bytes: Uint8Array): Uint32Array {
  // Database, policy, group, shard: the tags of the messages at each depth.
  const tags = [0x2a, 0x1a, 0x2a, 0x2a];
  const lengths: number[] = [];
  const reader = new WireReader(Buffer.from(bytes));
  const visit = (end: number, depth: number) => {
    while (reader.pos < end) {
      const start = reader.pos;
      const tag = reader.tag();
      if (tag !== tags[depth]) {
        reader.skip(tag, start, end);
        continue;
      }
      const messageEnd = reader.delimitedEnd(end);
      lengths.push(messageEnd - reader.pos);
      visit(messageEnd, depth + 1);
    }
  };
  visit(bytes.length, 0);
  return Uint32Array.from(lengths);
}

const cell = new ArrayBuffer(8);
const words = new Uint32Array(cell);
const signed = new BigInt64Array(cell);

/**
 * The floor of encoding: writes the snapshot's databases into `bytes`, which is as long as they are. Whatever has a length gets it from
 * `lengths`, in order; numbers are taken to fit.
 */
export function writeTree(data: MetaData, bytes: Uint8Array, lengths: Uint32Array): number {
  let pos = 0;
  let next = 0;
  const small = (value: number) => {
    let rest = value;
    while (rest >= 0x80) {
      bytes[pos++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[pos++] = rest;
  };
  const long = (tag: number, value: bigint) => {
    signed[0] = value;
    let low = words[0] ?? 0;
    let high = words[1] ?? 0;
    bytes[pos++] = tag;
    if (high >>> 24 !== 0 && high >>> 31 === 0) {
      // Nine digits, as all times of our days have.
      bytes[pos] = low | 0x80;
      bytes[pos + 1] = (low >>> 7) | 0x80;
      bytes[pos + 2] = (low >>> 14) | 0x80;
      bytes[pos + 3] = (low >>> 21) | 0x80;
      bytes[pos + 4] = (low >>> 28) | (high << 4) | 0x80;
      bytes[pos + 5] = (high >>> 3) | 0x80;
      bytes[pos + 6] = (high >>> 10) | 0x80;
      bytes[pos + 7] = (high >>> 17) | 0x80;
      bytes[pos + 8] = high >>> 24;
      pos += 9;
      return;
    }
    while (high !== 0) {
      bytes[pos++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    small(low);
  };
  const text = (tag: number, value: string) => {
    bytes[pos++] = tag;
    small(value.length);
    for (let i = 0; i < value.length; i++) bytes[pos++] = value.charCodeAt(i);
  };
  const begin = (tag: number) => {
    bytes[pos++] = tag;
    small(lengths[next++] ?? 0);
  };
  for (const database of data.databases) {
    begin(0x2a);
    text(0x0a, database.name);
    text(0x12, database.defaultRetentionPolicy);
    for (const policy of database.retentionPolicies) {
      begin(0x1a);
      text(0x0a, policy.name);
      long(0x10, policy.duration);
      long(0x18, policy.shardGroupDuration);
      bytes[pos++] = 0x20;
      small(policy.replicaN);
      for (const group of policy.shardGroups) {
        begin(0x2a);
        long(0x08, group.id);
        long(0x10, group.startTime);
        long(0x18, group.endTime);
        bytes[pos++] = 0x20;
        bytes[pos++] = 0;
        for (const shard of group.shards) {
          begin(0x2a);
          long(0x08, shard.id);
        }
      }
    }
  }
  return pos;
}
