import { isCfluxError } from 'clusterflux';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyDelta } from '../../src/delta/apply-delta.js';
import { composeDeltas } from '../../src/delta/compose-deltas.js';
import type { Delta } from '../../src/delta/delta.js';
import { DeltaBuilder } from '../../src/delta/delta-builder.js';
import { arbitraryBytes, arbitrarySteps, deltaOf } from './support/arbitrary-delta.js';

function refusal(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    if (isCfluxError(error)) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'none';
}

/** A change of `length` bytes at `at`, in a target as long as its base. */
function change(total: number, at: number, bytes: string): Delta {
  const builder = new DeltaBuilder();
  builder.copy(0, at);
  builder.insert(Buffer.from(bytes));
  builder.copy(at + bytes.length, total - at - bytes.length);
  return builder.finish();
}

describe('applying', () => {
  it('R29: a copy beyond the base is refused before the target is allocated', () => {
    const lying: Delta = { length: 2 ** 50, instructions: [{ from: 3, length: 2 ** 50 }] };
    expect(refusal(() => applyDelta(lying, Buffer.alloc(4)))).toBe(
      `MALFORMED_DELTA cannot apply the delta: instruction 0 copies the bytes 3 to ${2 ** 50 + 3} of a base of 4 bytes; use the whole snapshot instead`,
    );
  });

  it('a length that is not the sum is refused', () => {
    const lying: Delta = { length: 5, instructions: [{ from: 0, length: 4 }] };
    expect(refusal(() => applyDelta(lying, Buffer.alloc(4)))).toContain('make 4 bytes and not 5');
  });
});

describe('composing', () => {
  it('R29: is applying one after the other', () => {
    fc.assert(
      fc.property(arbitraryBytes, arbitrarySteps, arbitrarySteps, (base, steps, more) => {
        const first = deltaOf(steps, base.length);
        const second = deltaOf(more, first.length);
        const composed = composeDeltas(first, second);
        const between = applyDelta(first, base);
        expect(applyDelta(composed, base)).toEqual(applyDelta(second, between));
      }),
      { numRuns: 1500 },
    );
  });

  it('is associative: of ten, in any order of composing', () => {
    const ten = fc.array(arbitrarySteps, { minLength: 10, maxLength: 10 });
    fc.assert(
      fc.property(arbitraryBytes, ten, (base, lists) => {
        const deltas: Delta[] = [];
        let length = base.length;
        for (const steps of lists) {
          const delta = deltaOf(steps, length);
          length = delta.length;
          deltas.push(delta);
        }
        const stepwise = deltas.reduce((bytes, delta) => applyDelta(delta, bytes), base);
        const fromTheLeft = deltas.reduce((a, b) => composeDeltas(a, b));
        const fromTheRight = deltas.reduceRight((b, a) => composeDeltas(a, b));
        expect(applyDelta(fromTheLeft, base)).toEqual(stepwise);
        expect(applyDelta(fromTheRight, base)).toEqual(stepwise);
      }),
      { numRuns: 200 },
    );
  });

  it('changes at one place stay one change', () => {
    const deltas = Array.from({ length: 10 }, (_, i) => change(1_000_000, 500_000, `v${i}`));
    const { instructions } = deltas.reduce((a, b) => composeDeltas(a, b));
    expect(instructions.map(({ length }) => length)).toEqual([500_000, 2, 499_998]);
  });

  it('a change that is taken back leaves one copy', () => {
    const added = new DeltaBuilder();
    added.copy(0, 5);
    added.insert(Buffer.from('xx'));
    added.copy(5, 5);
    const removed = new DeltaBuilder();
    removed.copy(0, 5);
    removed.copy(7, 5);
    const { instructions } = composeDeltas(added.finish(), removed.finish());
    expect(instructions).toEqual([{ from: 0, length: 10 }]);
  });

  it('works on instructions, not on bytes', () => {
    // 2^50 bytes: nothing that touched them would end.
    const [first, second] = [change(2 ** 50, 2 ** 40, 'abc'), change(2 ** 50, 2 ** 41, 'def')];
    expect(composeDeltas(first, second).instructions.length).toBe(5);
  });

  it('R29: a copy beyond what the first makes is refused', () => {
    const second: Delta = { length: 3, instructions: [{ from: 8, length: 3 }] };
    expect(refusal(() => composeDeltas(change(10, 2, 'ab'), second))).toContain(
      'MALFORMED_DELTA cannot compose the deltas: instruction 0 of the second delta copies the bytes 8 to 11, but the first produces only 10',
    );
  });

  it('R29: copies that multiply the instructions of the first are refused', () => {
    const first: Delta = {
      length: 4000,
      instructions: Array.from({ length: 4000 }, (_, i) => ({ from: 2 * i, length: 1 })),
    };
    const second: Delta = {
      length: 4_000_000,
      instructions: new Array(1000).fill({ from: 0, length: 4000 }),
    };
    expect(refusal(() => composeDeltas(first, second))).toContain('TOO_LARGE the delta is too large');
  });
});
