import type { Delta } from './delta.js';
import { unfitting } from './delta-errors.js';

/**
 * Applies `delta` to `base`, and returns the target in separate memory. The caller must check whether its length is acceptable, as
 * parseVcdiff does.
 *
 * @throws CfluxError `MALFORMED_DELTA` if a copy exceeds the base; nothing is allocated before that check.
 */
export function applyDelta(delta: Delta, base: Uint8Array): Buffer {
  checkAgainst(delta, base.length);
  const target = Buffer.allocUnsafeSlow(delta.length);
  let position = 0;
  for (const { from, bytes, length } of delta.instructions) {
    target.set(bytes ?? base.subarray(from, from + length), position);
    position += length;
  }
  return target;
}

/** Throws unless `delta` can be applied to a base of `baseLength` bytes. */
function checkAgainst({ length, instructions }: Delta, baseLength: number): void {
  let sum = 0;
  for (const [i, instruction] of instructions.entries()) {
    sum += instruction.length;
    const { from, length } = instruction;
    if (from !== undefined && from + length > baseLength) {
      throw unfitting(
        'apply the delta',
        `instruction ${i} copies the bytes ${from} to ${from + length} of a base of ${baseLength} bytes`,
      );
    }
  }
  if (sum !== length) {
    throw unfitting('apply the delta', `its instructions make ${sum} bytes and not ${length}`);
  }
}
