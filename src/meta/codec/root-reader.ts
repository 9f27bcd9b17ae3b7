import type { DatabaseInfo, MetaData, UserInfo } from '../records.js';
import type { SegmentsReader } from './read-segments.js';
import { UnknownFields } from './unknown-fields.js';
import { Malformed, type WireReader } from './wire-reader.js';

const fields = ['term', 'index', 'clusterId', 'maxNodeId', 'maxShardGroupId', 'maxShardId'];

/** Reads the root message, in one pass or in stretches. */
export class RootReader {
  private seen = 0;
  private term = 0n;
  private index = 0n;
  private clusterId = 0n;
  private maxNodeId = 0n;
  private maxShardGroupId = 0n;
  private maxShardId = 0n;
  private unknown: UnknownFields | undefined;

  constructor(
    private readonly databases: SegmentsReader<DatabaseInfo>,
    private readonly users: SegmentsReader<UserInfo>,
  ) {}

  /** Reads the fields up to `end`, which must be the end of a field. */
  readFields(reader: WireReader, end: number): void {
    while (reader.pos < end) {
      const start = reader.pos;
      const tag = reader.tag();
      switch (tag) {
        case 0x08:
          this.term = reader.uint64();
          this.seen |= 1;
          break;
        case 0x10:
          this.index = reader.uint64();
          this.seen |= 2;
          break;
        case 0x18:
          this.clusterId = reader.uint64();
          this.seen |= 4;
          break;
        case 0x2a:
          this.databases.read(reader, start, end);
          break;
        case 0x32:
          this.users.read(reader, start, end);
          break;
        case 0x38:
          this.maxNodeId = reader.uint64();
          this.seen |= 8;
          break;
        case 0x40:
          this.maxShardGroupId = reader.uint64();
          this.seen |= 16;
          break;
        case 0x48:
          this.maxShardId = reader.uint64();
          this.seen |= 32;
          break;
        default:
          // Includes the nodes of InfluxDB 0.9 and 0.10 (fields 4, 10 and 11).
          this.unknown = (this.unknown ?? new UnknownFields()).skip(reader, tag, start, end);
      }
    }
    reader.finish(end);
  }

  /**
   * @param bytes the bytes that were read
   * @param kept returns the same bytes in memory that does not change afterwards, which may need a copy
   */
  finish(bytes: Buffer, kept: () => Buffer): MetaData {
    for (const [bit, field] of fields.entries()) {
      if ((this.seen & (1 << bit)) === 0)
        throw new Malformed(`the required field ${field} is missing`, bytes.length);
    }
    const { term, index, clusterId, maxNodeId, maxShardGroupId, maxShardId, unknown } = this;
    const databases = this.databases.finish(kept);
    const users = this.users.finish(kept);
    const data: MetaData = {
      term,
      index,
      clusterId,
      databases,
      users,
      maxNodeId,
      maxShardGroupId,
      maxShardId,
    };
    return unknown === undefined ? data : unknown.addTo(data, bytes);
  }
}
