import type { MetaData } from '../records.js';
import { WireWriter } from './wire-writer.js';

/** The root's own fields: those before the databases and users, and those after them. */
export interface RootFields {
  readonly head: Buffer;
  readonly tail: Buffer;
  /** See {@link WireWriter.lossy}. */
  readonly lossy: boolean;
}

export function encodeRoot(data: MetaData): RootFields {
  const head = new WireWriter(64);
  head.uint64(0x18, data.clusterId);
  head.uint64(0x10, data.index);
  head.uint64(0x08, data.term);
  const tail = new WireWriter(64);
  if (data.unknownFields !== undefined) tail.raw(data.unknownFields);
  tail.uint64(0x48, data.maxShardId);
  tail.uint64(0x40, data.maxShardGroupId);
  tail.uint64(0x38, data.maxNodeId);
  return { lossy: head.lossy || tail.lossy, head: head.finish(), tail: tail.finish() };
}
