import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { endianness } from 'node:os';
import { Damage, expectIn } from './damage.js';
import { type Meta, noPage, numberAt, type Read, readMeta, treeAt, treeSize } from './meta-page.js';
import { type Entry, freeListName, PageWalk } from './page-walk.js';

/** Other processes may commit meanwhile, and reuse pages; then the newest state is checked instead. */
const maxAttempts = 10;

const isKnownMachine = endianness() === 'LE' && /64/.test(process.arch);

/**
 * Walks all trees of an lmdb data file without lmdb, because lmdb trusts the file: a missing page ends the process with a signal. The
 * values of large entries are not read, so the time depends on their number and not on their size.
 *
 * @returns a description of the damage, as the end of a sentence; `undefined` if the file is sound, or does not exist.
 * @throws The operating system's error if it cannot be read.
 */
export function damageOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (!stats.isFile()) return 'it is not a file';
  const file = openSync(path, 'r');
  try {
    return damageIn(file);
  } finally {
    closeSync(file);
  }
}

function damageIn(file: number): string | undefined {
  const read: Read = (offset, length) => {
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
  };
  for (let attempt = 1; ; attempt++) {
    const { size } = fstatSync(file);
    if (size === 0) return 'it is empty';
    let meta: Meta | undefined;
    try {
      meta = readMeta(read);
      if (meta === undefined || !isKnownMachine) return undefined;
      checkTrees(read, meta, size);
      return undefined;
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      if (attempt === maxAttempts || !hasMovedOn(read, meta)) return error.message;
    }
  }
}

/** Whether another process has committed since `meta` was read. */
function hasMovedOn(read: Read, meta: Meta | undefined): boolean {
  try {
    return meta !== undefined && readMeta(read)?.transaction !== meta.transaction;
  } catch {
    return false;
  }
}

function checkTrees(read: Read, meta: Meta, size: number): void {
  const isCounted =
    Number.isInteger(meta.lastPage) && meta.lastPage >= 1 && Number.isInteger(meta.transaction);
  expectIn('its meta page', isCounted, 'is broken');
  const walk = new PageWalk(read, meta, size);
  walk.walk('the table of tables', meta.tables, ({ key, isTable, value }) => {
    const name = `table ${JSON.stringify(key.toString())}`;
    expectIn(name, isTable && value?.length === treeSize, 'is not a table');
    walk.walk(name, treeAt(value, 0), () => {});
  });
  walk.walk(freeListName, meta.freeList, (entry) => takeFree(walk, entry));
}

/** An entry of the free list: how many numbers follow; then pages, or a negative count and the first of so many pages. */
function takeFree(walk: PageWalk, entry: Entry): void {
  const list = entry.value ?? walk.largeValue(entry.large ?? { page: noPage, size: 0 });
  const words = Math.floor(list.length / 8);
  expectIn(freeListName, words >= 1 && list.readBigUInt64LE(0) < BigInt(words), 'has a broken entry');
  const count = numberAt(list, 0);
  for (let i = 1; i <= count; i++) {
    const change = Number(list.readBigInt64LE(i * 8));
    if (change === 0) continue;
    if (change > 0) walk.take(freeListName, change, 1);
    else {
      i += 1;
      expectIn(freeListName, i <= count, 'has a broken entry');
      walk.take(freeListName, numberAt(list, i * 8), -change);
    }
  }
}
