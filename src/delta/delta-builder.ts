import type { Delta, Insert, Instruction } from './delta.js';
import { tooLarge } from './delta-errors.js';
import { indexAt, type Target } from './target.js';

/**
 * Approximate memory of an instruction: with more instructions than the target has bytes for, a delta would cost more than its target.
 */
const bytesOfInstruction = 64;

/** Collects the instructions of a delta; adjacent ones are joined if possible. */
export class DeltaBuilder implements Target {
  /** Bytes of the target so far. */
  length = 0;
  readonly instructions: Instruction[] = [];
  readonly starts: number[] = [];

  /**
   * @param granted instructions that are always permitted; beyond them, one per 64 bytes of the target is. Without it there is no limit,
   * which is for deltas that were created locally.
   */
  constructor(private readonly granted = Number.POSITIVE_INFINITY) {}

  /** Appends bytes of the base. */
  copy(from: number, length: number): void {
    if (length === 0) return;
    const last = this.instructions.at(-1);
    if (last?.from !== undefined && last.from + last.length === from) {
      this.instructions[this.instructions.length - 1] = { from: last.from, length: last.length + length };
      this.length += length;
    } else {
      this.push({ from, length });
    }
  }

  /** Appends `bytes`, which must not be changed afterwards. */
  insert(bytes: Uint8Array): void {
    if (bytes.length > 0) this.push({ bytes, length: bytes.length });
  }

  /** Appends the bytes of `target` at `from`. */
  stretch({ instructions, starts }: Target, from: number, length: number): void {
    let offset = from;
    const end = from + length;
    for (let i = indexAt(starts, from); offset < end; i++) {
      const instruction = instructions[i];
      if (instruction === undefined) throw new RangeError(`the target has no byte ${offset}`);
      const skipped = offset - (starts[i] ?? 0);
      const taken = Math.min(instruction.length - skipped, end - offset);
      if (instruction.bytes === undefined) this.copy(instruction.from + skipped, taken);
      else this.insert(instruction.bytes.subarray(skipped, skipped + taken));
      offset += taken;
    }
  }

  /** Appends the bytes of this target at `from`, at least a byte before its end; it repeats if `length` exceeds the end. */
  repeat(from: number, length: number): void {
    const period = this.length - from;
    if (length > period && this.insertRepeatedly(from, length)) return;
    for (let left = length; left > 0; ) {
      // Everything from `from` on: it doubles each time, and stays a multiple of the period.
      const taken = Math.min(left, this.length - from);
      this.stretch(this, from, taken);
      left -= taken;
    }
  }

  finish(): Delta {
    return { length: this.length, instructions: mergeInserts(this.instructions) };
  }

  /** Same result as one insert, if all repeated bytes were inserted. */
  private insertRepeatedly(from: number, length: number): boolean {
    const repeated = new DeltaBuilder();
    repeated.stretch(this, from, this.length - from);
    const [first] = repeated.finish().instructions;
    if (first?.bytes === undefined || first.length < repeated.length) return false;
    this.insert(Buffer.alloc(length, first.bytes));
    return true;
  }

  private push(instruction: Instruction): void {
    if (this.instructions.length >= this.granted + this.length / bytesOfInstruction) {
      throw tooLarge(`it needs more than ${this.instructions.length} instructions`);
    }
    this.starts.push(this.length);
    this.instructions.push(instruction);
    this.length += instruction.length;
  }
}

function mergeInserts(instructions: readonly Instruction[]): Instruction[] {
  const merged: Instruction[] = [];
  let inserts: Insert[] = [];
  const flush = () => {
    const [first] = inserts;
    if (first !== undefined) merged.push(inserts.length === 1 ? first : joined(inserts));
    inserts = [];
  };
  for (const instruction of instructions) {
    if (instruction.bytes !== undefined) {
      inserts.push(instruction);
      continue;
    }
    flush();
    merged.push(instruction);
  }
  flush();
  return merged;
}

function joined(inserts: readonly Insert[]): Insert {
  const bytes = Buffer.concat(inserts.map((insert) => insert.bytes));
  return { bytes, length: bytes.length };
}
