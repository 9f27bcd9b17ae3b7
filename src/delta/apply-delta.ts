import type { Delta } from './delta.js';
import { unfitting } from './delta-errors.js';
import { Rope } from './rope.js';

/**
 * Applies `delta` to `base`, and returns the target in separate memory. The caller must check whether its length is acceptable, as
 * parseVcdiff does.
 *
 * @throws CfluxError `MALFORMED_DELTA` if a copy exceeds the base; nothing is allocated before that check.
 */
export function applyDelta(delta: Delta, base: Uint8Array): Buffer {
  return applyToRope(delta, new Rope([base])).join();
}

/**
 * Applies `delta` to `base` without copying: the target consists of views of `base` and of the delta's bytes.
 *
 * @throws CfluxError `MALFORMED_DELTA` if a copy exceeds the base.
 */
export function applyToRope(delta: Delta, base: Rope): Rope {
  checkAgainst(delta, base.length);
  return new Rope(
    delta.instructions.flatMap(({ from, bytes, length }) => bytes ?? base.slice(from, from + length)),
  );
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
