import type { ShardGroupInfo, ShardInfo, ShardOwner } from '../records.js';
import { missing, none, requireAll } from './message-parts.js';
import { UnknownFields } from './unknown-fields.js';
import type { WireReader } from './wire-reader.js';

const groupFields = ['id', 'startTime', 'endTime', 'deletedAt'];

export function readShardGroup(reader: WireReader, end: number): ShardGroupInfo {
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
  if (seen !== 15) requireAll(seen, groupFields, first);
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
      // OwnerIDs of InfluxDB 0.9, one by one or packed: if there are any, they are the owners and Owners is ignored.
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
