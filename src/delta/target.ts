import type { Instruction } from './delta.js';

/** Instructions, and the offset of the result of each in the target: it is searched by bisection. */
export interface Target {
  readonly instructions: readonly Instruction[];
  readonly starts: readonly number[];
}

/** Returns which of the stretches that begin at `starts`, in ascending order, contains the byte at `offset`. */
export function indexAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return low;
}

export function targetOf(instructions: readonly Instruction[]): Target {
  const starts: number[] = [];
  let offset = 0;
  for (const { length } of instructions) {
    starts.push(offset);
    offset += length;
  }
  return { instructions, starts };
}
