import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A shard on disk: where its TSM file is, and where the index is in it. */
export interface ShardFile {
  readonly path: string;
  readonly indexAt: number;
  readonly indexLength: number;
}

/** Nanoseconds of a shard group. */
const week = 604_800_000_000_000n;
/** A Monday. */
const monday = BigInt(Date.UTC(2005, 0, 3)) * 1_000_000n;
/** Bytes of the points themselves, which nothing reads. */
const blocks = 64 * 1024;

/** Writes `count` shards of one week each, with TSM files that have indexes of about `indexLength` bytes. */
export function writeShards(data: string, count: number, indexLength: number): readonly ShardFile[] {
  return Array.from({ length: count }, (_, at) => {
    const folder = join(data, 'telegraf', 'autogen', String(at + 1));
    mkdirSync(folder, { recursive: true });
    const path = join(folder, '000000001-000000001.tsm');
    const index = indexOf(monday + BigInt(at) * week, indexLength);
    writeFileSync(path, tsmOf(index));
    return { path, indexAt: 5 + blocks, indexLength: index.length + 8 };
  });
}

function tsmOf(index: Buffer): Buffer {
  const footer = Buffer.alloc(8);
  footer.writeBigUInt64BE(BigInt(5 + blocks));
  return Buffer.concat([Buffer.from('16d116d101', 'hex'), Buffer.alloc(blocks), index, footer]);
}

/** An index of one block for each series of a host. */
function indexOf(from: bigint, length: number): Buffer {
  const parts: Buffer[] = [];
  for (let size = 0, at = 0; size < length; at++) {
    const key = Buffer.from(`cpu,host=server-${String(at).padStart(6, '0')},region=eu#!~#usage_user`);
    const part = Buffer.alloc(2 + key.length + 3 + 28);
    part.writeUInt16BE(key.length);
    key.copy(part, 2);
    part.writeUInt16BE(1, 3 + key.length);
    const entry = 5 + key.length;
    part.writeBigInt64BE(from + BigInt(at), entry);
    part.writeBigInt64BE(from + week - 1n - BigInt(at), entry + 8);
    part.writeBigUInt64BE(5n, entry + 16);
    part.writeUInt32BE(1_000, entry + 24);
    parts.push(part);
    size += part.length;
  }
  return Buffer.concat(parts);
}

/** Writes a WAL segment with one entry that is `length` bytes when it is decompressed. */
export function writeSegment(path: string, length: number): void {
  const value = Buffer.alloc(length - 18, 'x');
  const head = Buffer.alloc(18);
  // A text of one point of the key k.
  head.writeUInt8(4);
  head.writeUInt16BE(0, 1);
  head.writeUInt32BE(1, 3);
  head.writeBigInt64BE(monday, 7);
  const points = Buffer.concat([head.subarray(0, 15), Buffer.alloc(4), value]);
  points.writeUInt32BE(value.length, 15);
  const compressed = Buffer.concat([varint(points.length), ...literals(points)]);
  const header = Buffer.alloc(5);
  header.writeUInt8(1);
  header.writeUInt32BE(compressed.length, 1);
  writeFileSync(path, Buffer.concat([header, compressed]));
}

function* literals(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) {
    const part = bytes.subarray(at, at + 65_536);
    const head = Buffer.from([61 << 2, 0, 0]);
    head.writeUInt16LE(part.length - 1, 1);
    yield head;
    yield part;
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
