import type { RandomBelow } from '../../support/fuzzing.js';
import { integer, vcdiff, type Window } from './vcdiff-bytes.js';

/**
 * A delta of everything that RFC 3284 permits with the default code table, and the target byte by byte: several windows over the base,
 * over the target and over nothing, all types, sizes, modes and pairs of instructions, copies that overlap themselves.
 */
export function randomVcdiff(random: RandomBelow, base: Uint8Array): { bytes: Buffer; target: Buffer } {
  const target: number[] = [];
  const windows: Window[] = [];
  for (let count = random(4); count > 0; count--) windows.push(new RandomWindow(random, base, target).make());
  return { bytes: vcdiff(...windows), target: Buffer.from(target) };
}

class RandomWindow {
  readonly #start: number;
  readonly #data: number[] = [];
  readonly #instructions: number[] = [];
  readonly #addresses: number[] = [];
  readonly #near = [0, 0, 0, 0];
  readonly #same = new Array<number>(768).fill(0);
  #next = 0;
  #segment: readonly number[] = [];

  constructor(
    private readonly random: RandomBelow,
    private readonly base: Uint8Array,
    private readonly target: number[],
  ) {
    this.#start = target.length;
  }

  make(): Window {
    const { random, base, target } = this;
    const indicator = random(3);
    const whole = indicator === 1 ? [...base] : indicator === 2 ? [...target] : [];
    const position = random(whole.length + 1);
    const length = random(whole.length - position + 1);
    this.#segment = whole.slice(position, position + length);
    for (let count = random(12); count > 0; count--) this.#instruction();
    return {
      indicator,
      ...(indicator === 0 ? {} : { segment: [length, position] as const }),
      target: target.length - this.#start,
      data: this.#data,
      instructions: this.#instructions,
      addresses: this.#addresses,
    };
  }

  #instruction(): void {
    const { random } = this;
    const kind = random(6);
    if (kind === 0) this.#run();
    else if (kind === 1 || this.#here === 0) this.#add();
    else if (kind === 2) this.#addAndCopy();
    else if (kind === 3) this.#copyAndAdd();
    else this.#copyAlone();
  }

  #copyAlone(): void {
    const { random } = this;
    const size = random(4) === 0 ? random(600) : 1 + random(24);
    const mode = this.#copy(size);
    const inline = size >= 4 && size <= 18 && random(4) > 0;
    this.#instructions.push(19 + 16 * mode + (inline ? size - 3 : 0), ...(inline ? [] : integer(size)));
  }

  #run(): void {
    const size = this.random(300);
    const byte = this.random(256);
    this.#data.push(byte);
    this.#instructions.push(0, ...integer(size));
    for (let i = 0; i < size; i++) this.target.push(byte);
  }

  #add(): void {
    const size = this.random(30);
    this.#bytes(size);
    const inline = size >= 1 && size <= 17 && this.random(4) > 0;
    this.#instructions.push(1 + (inline ? size : 0), ...(inline ? [] : integer(size)));
  }

  #addAndCopy(): void {
    const added = 1 + this.random(4);
    this.#bytes(added);
    const size = 4 + this.random(3);
    const mode = this.#copy(size, size === 4 ? 8 : 5);
    if (mode < 6) this.#instructions.push(163 + 12 * mode + 3 * (added - 1) + size - 4);
    else this.#instructions.push(235 + 4 * (mode - 6) + added - 1);
  }

  #copyAndAdd(): void {
    this.#instructions.push(247 + this.#copy(4));
    this.#bytes(1);
  }

  #bytes(count: number): void {
    for (let i = 0; i < count; i++) {
      const byte = this.random(256);
      this.#data.push(byte);
      this.target.push(byte);
    }
  }

  get #here(): number {
    return this.#segment.length + this.target.length - this.#start;
  }

  /** Writes the address in any mode that can hold it, copies, and returns the mode. */
  #copy(size: number, highestMode = 8): number {
    const { random, target } = this;
    const here = this.#here;
    const known = [...this.#near, ...this.#same].filter((address) => address < here);
    const address = random(3) === 0 ? (known[random(known.length)] ?? 0) : random(here);
    const forms: [number, number[]][] = [
      [0, integer(address)],
      [1, integer(here - address)],
    ];
    for (const [i, near] of this.#near.entries())
      if (near <= address) forms.push([2 + i, integer(address - near)]);
    const place = address % 768;
    const sameMode = 6 + Math.floor(place / 256);
    if (this.#same[place] === address && sameMode <= highestMode) forms.push([sameMode, [place % 256]]);
    const [mode, written] = forms[random(3) === 0 ? forms.length - 1 : random(forms.length)] ?? [0, []];
    this.#addresses.push(...written);
    this.#near[this.#next] = address;
    this.#next = (this.#next + 1) % 4;
    this.#same[place] = address;
    for (let i = 0; i < size; i++) {
      const from = address + i;
      const byte =
        from < this.#segment.length ? this.#segment[from] : target[this.#start + from - this.#segment.length];
      target.push(byte ?? 0);
    }
    return mode;
  }
}
