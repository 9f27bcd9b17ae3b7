import { crc32 } from 'node:zlib';
import type { Database, Key, RangeOptions } from 'lmdb';
import { Damage } from './lmdb/data-file/damage.js';

/** First byte of a sealed value. JSON, which version 0.1 wrote without a checksum, never begins with it. */
const sealed = 0;
const headSize = 5;

/** A table of JSON values, each with a checksum: a value that changed on the disk causes an error, not a wrong number. */
export class SealedTable<V, K extends Key> {
  readonly #name: string;
  readonly #table: Database<Buffer, K>;

  constructor(name: string, table: Database<Buffer, K>) {
    this.#name = name;
    this.#table = table;
  }

  /** Throws Damage. */
  get(key: K): V | undefined {
    const bytes = this.#table.get(key);
    return bytes === undefined ? undefined : this.#open(bytes);
  }

  has(key: K): boolean {
    return this.#table.doesExist(key);
  }

  putSync(key: K, value: V): void {
    this.#table.putSync(key, seal(value));
  }

  removeSync(key: K): void {
    this.#table.removeSync(key);
  }

  getKeys(options?: RangeOptions): Iterable<K> {
    return this.#table.getKeys(options);
  }

  /** Throws Damage. */
  *getRange(options?: RangeOptions): Iterable<{ readonly key: K; readonly value: V }> {
    for (const { key, value } of this.#table.getRange(options)) yield { key, value: this.#open(value) };
  }

  #open(bytes: Buffer): V {
    const isSealed = bytes[0] === sealed;
    const json = isSealed ? bytes.subarray(headSize) : bytes;
    try {
      if (isSealed && bytes.readUInt32LE(1) !== crc32(json)) throw new Error('wrong checksum');
      return JSON.parse(json.toString());
    } catch {
      throw new Damage(`table ${JSON.stringify(this.#name)} has a broken value`);
    }
  }
}

function seal(value: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(value));
  const head = Buffer.alloc(headSize);
  head.writeUInt8(sealed, 0);
  head.writeUInt32LE(crc32(json), 1);
  return Buffer.concat([head, json]);
}
