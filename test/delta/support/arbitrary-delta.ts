import fc from 'fast-check';
import type { Delta } from '../../../src/delta/delta.js';
import { DeltaBuilder } from '../../../src/delta/delta-builder.js';

export const arbitraryBytes = fc.uint8Array({ maxLength: 300 }).map((bytes): Buffer => Buffer.from(bytes));

const step = fc.record({
  from: fc.nat(),
  length: fc.oneof(fc.nat(30), fc.nat(400)),
  bytes: fc.uint8Array({ maxLength: 40 }),
  inserts: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Steps that {@link deltaOf} makes a delta of, whatever the length of the base. */
export const arbitrarySteps: fc.Arbitrary<Step[]> = fc.array(step, { maxLength: 30 });

export function deltaOf(steps: readonly Step[], baseLength: number): Delta {
  const builder = new DeltaBuilder();
  for (const { from, length, bytes, inserts } of steps) {
    if (inserts || baseLength === 0) {
      builder.insert(bytes);
      continue;
    }
    const start = from % baseLength;
    builder.copy(start, Math.min(length, baseLength - start));
  }
  return builder.finish();
}
