import type { DatabaseInfo, MetaData, UserInfo } from '../records.js';
import { segmentFor } from './encode-list.js';
import { databaseSegments } from './segments.js';
import { WireWriter } from './wire-writer.js';
import { writeUser } from './write-records.js';

/*
 * The bytes by which metadata are compared: the stored ones. Equal stored bytes mean equal metadata, whatever they were in memory.
 */

/** The database's segment. */
export function databaseBytes(database: DatabaseInfo): Buffer {
  const { bytes, start, end } = segmentFor(database, databaseSegments);
  return bytes.subarray(start, end);
}

/** The body of a user, with its privileges ordered by database: their own order is random if InfluxDB wrote them. */
export function userBytes(user: UserInfo): Buffer {
  const writer = new WireWriter(256);
  writeUser(writer, user, { sorted: true });
  return writer.finish();
}

/** All of the metadata except the index, the databases and the users. */
export function headBytes(data: MetaData): Buffer {
  const writer = new WireWriter(128);
  if (data.unknownFields !== undefined) writer.raw(data.unknownFields);
  writer.uint64(0x48, data.maxShardId);
  writer.uint64(0x40, data.maxShardGroupId);
  writer.uint64(0x38, data.maxNodeId);
  writer.uint64(0x18, data.clusterId);
  writer.uint64(0x08, data.term);
  return writer.finish();
}
