import type { ByteSource } from './byte-source.js';
import { DamagedFile } from './damaged-file.js';
import { RangeOfTimes, type TimeRange } from './time-range.js';

/*
 * A TSM file, all integers big-endian:
 *
 *   header   magic (4 bytes), version (1)
 *   blocks   checksum (4), data
 *   index    for each key: length (2), key, type of the values (1), number of entries (2), entries;
 *            an entry: first time (8), last time (8), position of its block (8), size of its block (4)
 *   footer   position of the index (8)
 *
 * Keys are in ascending order; a key is a series, `#!~#` and a field. The index has no checksum, so everything in it is checked
 * against the rest of the file.
 */
const magic = 0x16d116d1;
const version = 1;
const headerLength = 5;
const footerLength = 8;
const entryLength = 28;
/** The types of values: float, integer, boolean, string, unsigned. */
const types = 5;
/** A block has a checksum and at least the type of its values. */
const shortestBlock = 5;

/** Bytes of one read. The longest key with its lengths fits in one. */
const readLength = 128 * 1024;
/** Bytes of the first read, of the end of a file: many indexes are whole in it, and few bytes of blocks. */
const tailLength = 16 * 1024;

/**
 * Returns the times of the points in a TSM file, from its index; deleted points may be among them, because deletions are in other files.
 *
 * @throws DamagedFile
 */
export function rangeOfTsm(source: ByteSource): TimeRange {
  return new IndexReader(source).range();
}

class IndexReader {
  readonly #source: ByteSource;
  readonly #end: number;
  /** The loaded part of the file. */
  #bytes: Buffer = Buffer.alloc(0);
  /** The same bytes: reading hundreds of thousands of integers through it takes a fraction of the time. */
  #view = new DataView(this.#bytes.buffer, 0, 0);
  #loadedFrom = 0;
  #start = 0;
  readonly #times = new RangeOfTimes();

  constructor(source: ByteSource) {
    this.#source = source;
    this.#end = source.size - footerLength;
  }

  range(): TimeRange {
    this.#readHeader();
    this.#readFooter();
    let position = this.#start;
    while (position < this.#end) {
      position = this.#readLoadedKeys(position);
      // The next key is not entirely loaded.
      if (position < this.#end) position = this.#readKey(position);
    }
    const { range } = this.#times;
    if (range === undefined) throw new DamagedFile('its index is empty', this.#start);
    return range;
  }

  #readHeader(): void {
    const { size } = this.#source;
    if (size < headerLength + footerLength) throw new DamagedFile('it is cut short', size);
    const bytes = this.#source.read(0, headerLength);
    if (bytes.length < headerLength) throw new DamagedFile('it became shorter', 0);
    if (bytes.readUInt32BE(0) !== magic) throw new DamagedFile('it is not a TSM file', 0);
    if (bytes[4] !== version) throw new DamagedFile(`version ${bytes[4]} of TSM is unknown`, 4);
  }

  #readFooter(): void {
    const length = Math.min(tailLength, this.#source.size);
    this.#load(this.#source.size - length, length);
    const at = this.#end - this.#loadedFrom;
    const start = this.#bytes.readUInt32BE(at) * 2 ** 32 + this.#bytes.readUInt32BE(at + 4);
    if (start < headerLength || start > this.#end)
      throw new DamagedFile('its last bytes are not the position of an index', this.#end);
    this.#start = start;
  }

  /** Reads the keys from `position` that are loaded with all their entries. Returns the position after them. */
  #readLoadedKeys(position: number): number {
    const from = this.#loadedFrom;
    if (position < from) return position;
    const view = this.#view;
    const loaded = Math.min(view.byteLength, this.#end - from);
    let at = position - from;
    while (at + 2 <= loaded) {
      const entries = at + 5 + view.getUint16(at);
      if (entries > loaded) break;
      const end = entries + this.#countOf(view, at) * entryLength;
      if (end > loaded) break;
      for (let entry = entries; entry < end; entry += entryLength) this.#readEntry(view, entry);
      at = end;
    }
    return from + at;
  }

  /** Reads the key at `position` and its entries, and loads what is needed. Returns the position after them. */
  #readKey(position: number): number {
    const length = this.#view.getUint16(this.#at(position, 2));
    const at = this.#at(position, length + 5);
    const entries = position + 5 + length;
    const end = entries + this.#countOf(this.#view, at) * entryLength;
    if (end > this.#end) throw damagedIndex(position);
    for (let entry = entries; entry < end; entry += entryLength) {
      const loaded = this.#at(entry, entryLength);
      this.#readEntry(this.#view, loaded);
    }
    return end;
  }

  /** Returns the number of entries of the key at `at` in the loaded bytes. */
  #countOf(view: DataView, at: number): number {
    const length = view.getUint16(at);
    const count = view.getUint16(at + 3 + length);
    if (length === 0 || view.getUint8(at + 2 + length) >= types || count === 0)
      throw damagedIndex(this.#loadedFrom + at);
    return count;
  }

  /** Reads the entry at `at` in the loaded bytes. */
  #readEntry(view: DataView, at: number): void {
    const firstHigh = view.getInt32(at);
    const firstLow = view.getUint32(at + 4);
    const lastHigh = view.getInt32(at + 8);
    const lastLow = view.getUint32(at + 12);
    const block = view.getUint32(at + 16) * 2 ** 32 + view.getUint32(at + 20);
    const size = view.getUint32(at + 24);
    const isInOrder = firstHigh < lastHigh || (firstHigh === lastHigh && firstLow <= lastLow);
    const isBlock = block >= headerLength && size >= shortestBlock && block + size <= this.#start;
    if (!isInOrder || !isBlock) throw damagedIndex(this.#loadedFrom + at);
    this.#times.add(firstHigh, firstLow);
    this.#times.add(lastHigh, lastLow);
  }

  /** Loads `length` bytes from `position` unless they are. Returns where they are in the loaded part. */
  #at(position: number, length: number): number {
    if (position + length > this.#end) throw damagedIndex(position);
    const at = position - this.#loadedFrom;
    if (at >= 0 && at + length <= this.#bytes.length) return at;
    this.#load(position, Math.min(readLength, this.#end - position));
    return 0;
  }

  #load(position: number, length: number): void {
    this.#bytes = this.#source.read(position, length);
    if (this.#bytes.length < length) throw new DamagedFile('it became shorter', position);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    this.#loadedFrom = position;
  }
}

const damagedIndex = (position: number) => new DamagedFile('its index is damaged', position);
