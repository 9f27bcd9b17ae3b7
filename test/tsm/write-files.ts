import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tsmFile } from './real-files.js';

/** An entry of an index. */
export interface Entry {
  readonly first: bigint;
  readonly last: bigint;
  readonly block: number;
  readonly size: number;
}

/** Writes a TSM file with an index of these keys; its blocks are `blocks` bytes. */
export function tsmWith(keys: ReadonlyMap<string, readonly Entry[]>, blocks = 100): Buffer {
  const index = [...keys].flatMap(([key, entries]) => {
    const head = Buffer.alloc(2);
    head.writeUInt16BE(Buffer.byteLength(key));
    const tail = Buffer.alloc(3);
    tail.writeUInt16BE(entries.length, 1);
    return [head, Buffer.from(key), tail, ...entries.map(entryBytes)];
  });
  const footer = Buffer.alloc(8);
  footer.writeBigUInt64BE(BigInt(5 + blocks));
  return Buffer.concat([tsmFile.subarray(0, 5), Buffer.alloc(blocks), ...index, footer]);
}

function entryBytes({ first, last, block, size }: Entry): Buffer {
  const bytes = Buffer.alloc(28);
  bytes.writeBigInt64BE(first);
  bytes.writeBigInt64BE(last, 8);
  bytes.writeBigUInt64BE(BigInt(block), 16);
  bytes.writeUInt32BE(size, 24);
  return bytes;
}

/** Writes a shard with one TSM file, whose points are from `first` to `last` (nanoseconds). Returns the path of the file. */
export async function writeShard(
  data: string,
  {
    database,
    policy,
    id,
    first,
    last,
  }: { database: string; policy: string; id: number; first: bigint; last: bigint },
): Promise<string> {
  const folder = join(data, database, policy, String(id));
  await mkdir(folder, { recursive: true });
  const path = join(folder, '000000001-000000001.tsm');
  await writeFile(path, tsmWith(new Map([['m#!~#v', [{ first, last, block: 5, size: 20 }]]])));
  return path;
}
