import type { Delta } from './delta.js';
import { DeltaBuilder } from './delta-builder.js';
import { unfitting } from './delta-errors.js';
import { targetOf } from './target.js';

/** Instructions that are permitted for each one of the two deltas; see DeltaBuilder for what is permitted beyond them. */
const grantedForEach = 2;
const grantedAtLeast = 4096;

/**
 * The delta that does what `first` and then `second` do: `applyDelta(composeDeltas(first, second), base)` is
 * `applyDelta(second, applyDelta(first, base))`. It needs neither the base nor what lies between, and its work is proportional to the
 * number of instructions.
 *
 * @throws CfluxError `MALFORMED_DELTA` if `second` copies what `first` does not make; `TOO_LARGE` if the result would have many more
 *   instructions than both together.
 */
export function composeDeltas(first: Delta, second: Delta): Delta {
  const between = targetOf(first.instructions);
  const count = first.instructions.length + second.instructions.length;
  const composed = new DeltaBuilder(grantedAtLeast + grantedForEach * count);
  for (const [i, { from, bytes, length }] of second.instructions.entries()) {
    if (bytes !== undefined) {
      composed.insert(bytes);
      continue;
    }
    if (from + length > first.length) {
      throw unfitting(
        'compose the deltas',
        `instruction ${i} of the second copies the bytes ${from} to ${from + length}, and the first makes ${first.length}`,
      );
    }
    composed.stretch(between, from, length);
  }
  return composed.finish();
}
