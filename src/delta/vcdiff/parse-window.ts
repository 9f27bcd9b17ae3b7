import type { DeltaBuilder } from '../delta-builder.js';
import { tooLarge, unreadable } from '../delta-errors.js';
import type { DeltaLimits } from '../delta-limits.js';
import { AddressCache, hereMode, sameMode, selfMode } from './address-cache.js';
import { add, codeTable, copy, type Half, noop, run } from './code-table.js';
import { checksum, fromNothing, fromSource, fromTarget } from './format.js';
import type { Section } from './section.js';

/** The source of a window's copies besides its own bytes: a stretch of the base, or of the target so far. */
interface Segment {
  readonly isTarget: boolean;
  readonly start: number;
  readonly length: number;
}

/** Parses the next window of `delta` and appends its result to `builder`. */
export function parseWindow(delta: Section, builder: DeltaBuilder, limits: DeltaLimits): void {
  const segment = readSegment(delta, builder, limits);
  const window = delta.part('a window', delta.integer());
  const lengthOffset = window.position;
  const length = window.integer();
  if (length > limits.maxLength - builder.length) {
    throw tooLarge(
      `its target has ${builder.length + length} bytes, but at most ${limits.maxLength} are permitted (byte ${lengthOffset})`,
    );
  }
  const indicatorOffset = window.position;
  if (window.byte() !== 0) {
    throw unreadable('a window has secondary compression, which is not supported', indicatorOffset);
  }
  const [data, instructions, addresses] = [window.integer(), window.integer(), window.integer()];
  const parts: WindowParts = {
    data: window.part('the section of inserted bytes', data),
    instructions: window.part('the section of instructions', instructions),
    addresses: window.part('the section of addresses', addresses),
  };
  window.finish();
  new WindowParser(parts, segment, builder, length).parse();
}

function readSegment(delta: Section, builder: DeltaBuilder, limits: DeltaLimits): Segment {
  const offset = delta.position;
  const indicator = delta.byte();
  if ((indicator & checksum) !== 0) {
    throw unreadable('a window has a checksum of xdelta (VCD_ADLER32), which is not supported', offset);
  }
  if (indicator > (fromSource | fromTarget)) {
    throw unreadable(`a window has the indicator ${indicator}, which RFC 3284 does not define`, offset);
  }
  if (indicator === (fromSource | fromTarget)) {
    throw unreadable('a window copies from both base and target', offset);
  }
  if (indicator === fromNothing) return { isTarget: false, start: 0, length: 0 };
  const isTarget = indicator === fromTarget;
  const [length, start] = [delta.integer(), delta.integer()];
  const whole = isTarget ? builder.length : limits.baseLength;
  if (length > whole - start) {
    const of = isTarget ? 'of the target so far, which has' : 'of the base, which has';
    throw unreadable(
      `a window copies from the bytes ${start} to ${start + length} ${of} ${whole}`,
      offset + 1,
    );
  }
  return { isTarget, start, length };
}

interface WindowParts {
  readonly data: Section;
  readonly instructions: Section;
  readonly addresses: Section;
}

/** Executes the instructions of one window. */
class WindowParser {
  readonly #cache = new AddressCache();
  /** Offset of the window in the target. */
  readonly #start: number;

  constructor(
    private readonly parts: WindowParts,
    private readonly segment: Segment,
    private readonly builder: DeltaBuilder,
    private readonly length: number,
  ) {
    this.#start = builder.length;
  }

  parse(): void {
    const { data, instructions, addresses } = this.parts;
    while (!instructions.isEmpty) {
      const offset = instructions.position;
      const [first, second] = codeTable[instructions.byte()] ?? [];
      if (first !== undefined) this.#run(first, offset);
      if (second !== undefined) this.#run(second, offset);
    }
    if (this.#made !== this.length) {
      throw unreadable(
        `a window produces ${this.#made} bytes but declares ${this.length}`,
        instructions.position,
      );
    }
    data.finish();
    addresses.finish();
  }

  /** Bytes that the window has produced so far. */
  get #made(): number {
    return this.builder.length - this.#start;
  }

  #run({ type, size, mode }: Half, offset: number): void {
    if (type === noop) return;
    const { data, instructions } = this.parts;
    const length = size === 0 ? instructions.integer() : size;
    if (length > this.length - this.#made) {
      throw unreadable(`a window produces more than the ${this.length} bytes that it declares`, offset);
    }
    if (type === add) this.builder.insert(data.take(length));
    else if (type === run) this.builder.insert(Buffer.alloc(length, data.byte()));
    else if (type === copy) this.#copy(this.#address(mode), length);
  }

  #address(mode: number): number {
    const { addresses } = this.parts;
    const here = this.segment.length + this.#made;
    const offset = addresses.position;
    const address = this.#readAddress(mode, here);
    if (address < 0 || address >= here) {
      throw unreadable(
        `a copy has the address ${address}, but there are only ${here} bytes before it`,
        offset,
      );
    }
    this.#cache.update(address);
    return address;
  }

  #readAddress(mode: number, here: number): number {
    const { addresses } = this.parts;
    if (mode === selfMode) return addresses.integer();
    if (mode === hereMode) return here - addresses.integer();
    if (mode < sameMode) return this.#cache.near(mode) + addresses.integer();
    return this.#cache.same(mode, addresses.byte());
  }

  /** Copies from the segment, from the window itself, or across the boundary between them. */
  #copy(address: number, length: number): void {
    const { segment, builder } = this;
    const inSegment = Math.min(length, Math.max(0, segment.length - address));
    if (inSegment > 0) {
      const from = segment.start + address;
      if (segment.isTarget) builder.stretch(builder, from, inSegment);
      else builder.copy(from, inSegment);
    }
    const own = Math.max(0, address - segment.length);
    if (length > inSegment) builder.repeat(this.#start + own, length - inSegment);
  }
}
