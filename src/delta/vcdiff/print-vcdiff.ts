import type { Copy, Delta, Insert } from '../delta.js';
import { AddressCache, hereMode, nearMode, nearSize, selfMode } from './address-cache.js';
import { addOpcode, copyOpcode, leastCopy, maxAdd, maxCopy } from './code-table.js';
import { fromNothing, fromSource, magic } from './format.js';

/**
 * Encodes a delta in VCDIFF (RFC 3284): one window, the default code table, no compression. The segment of the base is as short as the
 * copies permit.
 */
export function printVcdiff(delta: Delta): Buffer {
  const header = [...magic, 0];
  if (delta.length === 0) return Buffer.from(header);
  const segment = segmentOf(delta);
  const window = new WindowPrinter(segment);
  for (const instruction of delta.instructions) {
    if (instruction.bytes === undefined) window.copy(instruction);
    else window.insert(instruction);
  }
  if (segment.length === 0) header.push(fromNothing);
  else header.push(fromSource, ...integer(segment.length), ...integer(segment.start));
  return Buffer.concat([Buffer.from(header), ...window.print(delta.length)]);
}

/** Returns the stretch of the base that contains all copies. */
function segmentOf({ instructions }: Delta): { start: number; length: number } {
  let start = Number.POSITIVE_INFINITY;
  let end = 0;
  for (const { from, length } of instructions) {
    if (from === undefined) continue;
    start = Math.min(start, from);
    end = Math.max(end, from + length);
  }
  return end === 0 ? { start: 0, length: 0 } : { start, length: end - start };
}

/** Encodes a number in digits of seven bits, the highest first. */
function integer(value: number): number[] {
  const digits = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    digits.unshift((rest % 128) | 0x80);
  }
  return digits;
}

class WindowPrinter {
  readonly #data: Uint8Array[] = [];
  readonly #instructions: number[] = [];
  readonly #addresses: number[] = [];
  readonly #cache = new AddressCache();
  /** Bytes of the target so far. */
  #made = 0;

  constructor(private readonly segment: { start: number; length: number }) {}

  insert({ bytes, length }: Insert): void {
    this.#data.push(bytes);
    if (length <= maxAdd) this.#instructions.push(addOpcode + length);
    else this.#instructions.push(addOpcode, ...integer(length));
    this.#made += length;
  }

  copy({ from, length }: Copy): void {
    const mode = this.#writeAddress(from - this.segment.start);
    const opcode = copyOpcode(mode);
    if (length >= leastCopy && length <= maxCopy) this.#instructions.push(opcode + 1 + length - leastCopy);
    else this.#instructions.push(opcode, ...integer(length));
    this.#made += length;
  }

  /** Returns the part of the window after its indicator and segment. */
  print(targetLength: number): Uint8Array[] {
    const dataLength = this.#data.reduce((sum, { length }) => sum + length, 0);
    const lengths = [
      ...integer(targetLength),
      // Nothing is compressed.
      0,
      ...integer(dataLength),
      ...integer(this.#instructions.length),
      ...integer(this.#addresses.length),
    ];
    const length = lengths.length + dataLength + this.#instructions.length + this.#addresses.length;
    const [instructions, addresses] = [Buffer.from(this.#instructions), Buffer.from(this.#addresses)];
    return [Buffer.from([...integer(length), ...lengths]), ...this.#data, instructions, addresses];
  }

  /** Writes the address in the shortest mode and returns that mode. */
  #writeAddress(address: number): number {
    const { mode, written } = this.#shortest(address);
    this.#cache.update(address);
    this.#addresses.push(...written);
    return mode;
  }

  #shortest(address: number): { mode: number; written: readonly number[] } {
    const same = this.#cache.placeOf(address);
    if (same !== undefined) return { mode: same.mode, written: [same.slot] };
    let mode = selfMode;
    let least = address;
    const consider = (other: number, distance: number) => {
      if (distance < 0 || distance >= least) return;
      mode = other;
      least = distance;
    };
    consider(hereMode, this.segment.length + this.#made - address);
    for (let i = 0; i < nearSize; i++) consider(nearMode + i, address - this.#cache.near(nearMode + i));
    return { mode, written: integer(least) };
  }
}
