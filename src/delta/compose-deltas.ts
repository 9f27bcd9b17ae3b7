import type { Delta } from './delta.js';
import { DeltaBuilder } from './delta-builder.js';
import { unfitting } from './delta-errors.js';
import { targetOf } from './target.js';

/** Permitted instructions per instruction of the two deltas; DeltaBuilder permits some beyond them. */
const grantedForEach = 2;
const grantedAtLeast = 4096;

/**
 * Returns a delta with the effect of `first` and then `second`: `applyDelta(composeDeltas(first, second), base)` is `applyDelta(second,
 * applyDelta(first, base))`. It needs neither the base nor the intermediate bytes, and its work is proportional to the number of
 * instructions.
 *
 * @throws CfluxError `MALFORMED_DELTA` if `second` copies bytes that `first` does not produce; `TOO_LARGE` if the result would have many
 * more instructions than both together.
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
        `instruction ${i} of the second delta copies the bytes ${from} to ${from + length}, but the first produces only ${first.length}`,
      );
    }
    composed.stretch(between, from, length);
  }
  return composed.finish();
}
