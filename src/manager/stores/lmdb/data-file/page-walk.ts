import { expectIn } from './damage.js';
import { headerSize, type Meta, noPage, numberAt, pageFlag, type Read, type Tree } from './meta-page.js';

const nodeSize = 8;
/** The maximum depth in lmdb. */
const maxDepth = 32;
/** Flags of an entry in a leaf. */
const isLarge = 0x01;
const isTable = 0x02;
const isDuplicates = 0x04;

/** An entry of a leaf. */
export interface Entry {
  readonly key: Buffer;
  readonly isTable: boolean;
  /** Undefined for a large value, which has pages of its own. */
  readonly value?: Buffer;
  /** Location of a large value. */
  readonly large?: { readonly page: number; readonly size: number };
}

/** The progress of the walk through one tree. */
interface Progress {
  readonly name: string;
  entries: number;
  /** The last key. */
  last: Buffer | undefined;
  /** The key in a branch that the next entry must not be below. */
  bound: Buffer | undefined;
  readonly visit: (entry: Entry) => void;
}

/** Walks the trees of a file from their roots, and checks that each page is of the kind that its parent expects. */
export class PageWalk {
  readonly #read: Read;
  readonly #meta: Meta;
  readonly #fileSize: number;
  readonly #seen: Uint8Array;

  constructor(read: Read, meta: Meta, fileSize: number) {
    this.#read = read;
    this.#meta = meta;
    this.#fileSize = fileSize;
    // Pages beyond the end of the file are free ones that were never written; pages of trees are within it.
    this.#seen = new Uint8Array(Math.min(meta.lastPage + 1, Math.ceil(fileSize / meta.pageSize)));
  }

  /** Returns the bytes of a large value. */
  largeValue({ page, size }: { readonly page: number; readonly size: number }): Buffer {
    return this.#read(page * this.#meta.pageSize + headerSize, size);
  }

  /** Calls `visit` with each entry of a tree, in order. Throws Damage. */
  walk(name: string, { root, depth, entries }: Tree, visit: (entry: Entry) => void): void {
    const isEmpty = root === noPage;
    expectIn(
      name,
      isEmpty === (entries === 0) && isEmpty === (depth === 0) && depth <= maxDepth,
      'has a wrong size',
    );
    if (isEmpty) return;
    const progress: Progress = { name, entries: 0, last: undefined, bound: undefined, visit };
    this.#walk(progress, root, depth);
    expectIn(name, progress.entries === entries, `has ${progress.entries} entries instead of ${entries}`);
  }

  /** Records that page `number` and the `count - 1` pages after it are used. */
  take(name: string, number: number, count: number): void {
    const isInside = number >= 2 && count >= 1 && number + count - 1 <= this.#meta.lastPage;
    expectIn(name, isInside, `refers to page ${number}, which does not exist`);
    for (let page = number; page < number + count && page < this.#seen.length; page++) {
      expectIn(name, this.#seen[page] === 0, `refers to page ${page}, which is used elsewhere`);
      this.#seen[page] = 1;
    }
  }

  #walk(progress: Progress, number: number, depth: number): void {
    const { name } = progress;
    this.take(name, number, 1);
    const page = this.#page(name, number, depth > 1 ? pageFlag.branch : pageFlag.leaf, this.#meta.pageSize);
    const nodes = nodesOf(name, number, page);
    if (depth === 1)
      for (const offset of nodes) passEntry(progress, this.#entryAt(name, number, page, offset));
    else {
      expectIn(name, nodes.length > 1 || name === freeListName, `has a broken page, number ${number}`);
      for (const [i, offset] of nodes.entries()) {
        if (i > 0) passBranch(progress, keyAt(page, offset));
        this.#walk(progress, childAt(page, offset), depth - 1);
      }
    }
  }

  #entryAt(name: string, number: number, page: Buffer, offset: number): Entry {
    const flags = page.readUInt16LE(offset + 4);
    const keyEnd = offset + nodeSize + page.readUInt16LE(offset + 6);
    const size = page.readUInt16LE(offset) + page.readUInt16LE(offset + 2) * 0x10000;
    const end = keyEnd + (flags & isLarge ? 24 : size);
    const isWhole = end <= page.length && (flags & isDuplicates) === 0 && flags <= (isLarge | isTable);
    expectIn(name, isWhole, `has a broken entry on page ${number}`);
    const key = keyAt(page, offset);
    if ((flags & isLarge) === 0)
      return { key, isTable: (flags & isTable) !== 0, value: page.subarray(keyEnd, end) };
    const [first, count] = [numberAt(page, keyEnd), numberAt(page, keyEnd + 16)];
    expectIn(name, count * this.#meta.pageSize >= headerSize + size, `has a broken entry on page ${number}`);
    this.take(name, first, count);
    expectIn(
      name,
      (first + count) * this.#meta.pageSize <= this.#fileSize,
      'continues beyond the end of the file',
    );
    const header = this.#page(name, first, pageFlag.overflow, headerSize);
    expectIn(name, header.readUInt32LE(20) === count, `has a broken value on page ${first}`);
    return { key, isTable: false, large: { page: first, size } };
  }

  /** Returns the first bytes of a page, after checking its header. */
  #page(name: string, number: number, flag: number, length: number): Buffer {
    const { pageSize, transaction } = this.#meta;
    const page = this.#read(number * pageSize, length);
    expectIn(name, page.length === length, 'continues beyond the end of the file');
    const isRight =
      numberAt(page, 0) === number && page.readUInt16LE(18) === flag && numberAt(page, 8) <= transaction;
    expectIn(name, isRight, `has a broken page, number ${number}`);
    return page;
  }
}

/** Returns the offsets of the entries in a page; the header contains the end of the offset table. */
function nodesOf(name: string, number: number, page: Buffer): readonly number[] {
  const [lower, upper] = [page.readUInt16LE(20), page.readUInt16LE(22)];
  const room = page.length - headerSize;
  const isSound = lower % 2 === 0 && lower >= 2 && lower <= upper && upper <= room;
  expectIn(name, isSound, `has a broken page, number ${number}`);
  return Array.from({ length: lower / 2 }, (_, i) => {
    const offset = headerSize + page.readUInt16LE(headerSize + i * 2);
    const isInside = offset >= headerSize + upper && offset + nodeSize <= page.length;
    const isWhole = isInside && offset + nodeSize + page.readUInt16LE(offset + 6) <= page.length;
    expectIn(name, isWhole, `has a broken entry on page ${number}`);
    return offset;
  });
}

const keyAt = (page: Buffer, offset: number) =>
  page.subarray(offset + nodeSize, offset + nodeSize + page.readUInt16LE(offset + 6));

const childAt = (page: Buffer, offset: number) =>
  page.readUInt16LE(offset) +
  page.readUInt16LE(offset + 2) * 0x10000 +
  page.readUInt16LE(offset + 4) * 0x100000000;

/** Checks the next entry of a leaf: its key is above the last one. */
function passEntry(progress: Progress, entry: Entry): void {
  const { name, last, bound, visit } = progress;
  const isAbove = last === undefined || compareKeys(name, last, entry.key) < 0;
  const isInBound = bound === undefined || compareKeys(name, bound, entry.key) <= 0;
  expectIn(name, isAbove && isInBound, 'has keys out of order');
  progress.entries += 1;
  progress.last = entry.key;
  progress.bound = undefined;
  visit(entry);
}

/** Checks the next key of a branch: above all keys before it, and not above the next one. */
function passBranch(progress: Progress, key: Buffer): void {
  const { name, last } = progress;
  expectIn(name, last !== undefined && compareKeys(name, last, key) < 0, 'has keys out of order');
  progress.bound = key;
}

/** Keys are compared as bytes; those of the free list are numbers. */
function compareKeys(name: string, a: Buffer, b: Buffer): number {
  if (name !== freeListName) return Buffer.compare(a, b);
  return a.length === 8 && b.length === 8 ? numberAt(a, 0) - numberAt(b, 0) : Number.NaN;
}

export const freeListName = 'the free list';
