import { Damage } from './damage.js';

/*
 * The layout of LMDB's data format 2 on machines with 64 bits and little-endian numbers: a page has a header of 24 bytes (its own number,
 * the transaction that wrote it, padding, flags, and two numbers whose meaning depends on the flags). Pages 0 and 1 are meta pages,
 * written in turn: the one with the higher transaction id is in force.
 */

export const headerSize = 24;

/** Flags in the header of a page. */
export const pageFlag = { branch: 0x01, leaf: 0x02, overflow: 0x04, meta: 0x08 } as const;

/** Page number of an empty tree. */
export const noPage = -1;

const magic = 0xbeefc0de;
const knownVersion = 2;
const metaSize = 144;
const [smallestPage, largestPage] = [512, 65_536];

/** A tree of pages: the free list, the table of tables, or a table. */
export interface Tree {
  readonly depth: number;
  readonly entries: number;
  readonly root: number;
}

export interface Meta {
  readonly pageSize: number;
  readonly freeList: Tree;
  readonly tables: Tree;
  readonly lastPage: number;
  readonly transaction: number;
}

/** Bytes of a {@link Tree} in a meta page, and in the table of tables. */
export const treeSize = 48;

export function treeAt(bytes: Buffer, offset: number): Tree {
  return {
    depth: bytes.readUInt16LE(offset + 6),
    entries: numberAt(bytes, offset + 32),
    root: numberAt(bytes, offset + 40),
  };
}

/** Reads a 64-bit number; {@link noPage} for the highest, and NaN for others that cannot be sizes or page numbers. */
export function numberAt(bytes: Buffer, offset: number): number {
  const value = bytes.readBigInt64LE(offset);
  return value >= -1n && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Number.NaN;
}

/** Reads `length` bytes at `offset` of the file, or fewer at its end. */
export type Read = (offset: number, length: number) => Buffer;

/**
 * Returns the meta page in force; `undefined` for an unsupported data format.
 *
 * @throws Damage
 */
export function readMeta(read: Read): Meta | undefined {
  const first = metaIn(read(0, headerSize + metaSize), 0);
  if (first === undefined) return undefined;
  const second = metaIn(read(first.pageSize, headerSize + metaSize), 1);
  if (second === undefined || second.pageSize !== first.pageSize)
    throw new Damage('its meta pages differ in format');
  const isInTurn = first.transaction % 2 === 0 && Math.abs(first.transaction - second.transaction) === 1;
  const isNew = first.transaction === 0 && second.transaction === 0;
  if (!isInTurn && !isNew) throw new Damage('its meta pages are not of successive transactions');
  return second.transaction > first.transaction ? second : first;
}

function metaIn(bytes: Buffer, page: number): Meta | undefined {
  if (bytes.length < headerSize + metaSize) throw new Damage(`it ends before meta page ${page}`);
  if ((bytes.readUInt16LE(18) & pageFlag.meta) === 0 || bytes.readUInt32LE(headerSize) !== magic)
    throw new Damage(`meta page ${page} is not one of lmdb's`);
  if ((bytes.readUInt32LE(headerSize + 4) & 0xffff) !== knownVersion) return undefined;
  const trees = headerSize + 24;
  const pageSize = bytes.readUInt32LE(trees);
  if (pageSize < smallestPage || pageSize > largestPage || (pageSize & (pageSize - 1)) !== 0)
    throw new Damage(`meta page ${page} has a page size of ${pageSize}`);
  return {
    pageSize,
    freeList: treeAt(bytes, trees),
    tables: treeAt(bytes, trees + treeSize),
    lastPage: numberAt(bytes, trees + 2 * treeSize),
    transaction: numberAt(bytes, trees + 2 * treeSize + 8),
  };
}
