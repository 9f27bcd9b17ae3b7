import { decode } from '@ably/vcdiff-decoder';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyDelta } from '../../src/delta/apply-delta.js';
import type { Instruction } from '../../src/delta/delta.js';
import { DeltaBuilder } from '../../src/delta/delta-builder.js';
import { parseVcdiff } from '../../src/delta/vcdiff/parse-vcdiff.js';
import { printVcdiff } from '../../src/delta/vcdiff/print-vcdiff.js';
import { arbitraryBytes, arbitrarySteps, deltaOf } from './support/arbitrary-delta.js';

describe('what is written', () => {
  it('R29: is read as it was, and applied to the same target', () => {
    fc.assert(
      fc.property(arbitraryBytes, arbitrarySteps, (base, steps) => {
        const delta = deltaOf(steps, base.length);
        const printed = printVcdiff(delta);
        const parsed = parseVcdiff(printed, { baseLength: base.length, maxLength: delta.length });
        expect(parsed.length).toBe(delta.length);
        expect(applyDelta(parsed, base)).toEqual(applyDelta(delta, base));
        expect(parsed.instructions.map(plain)).toEqual(delta.instructions.map(plain));
      }),
      { numRuns: 1000 },
    );
  });

  it('is understood by another decoder of RFC 3284', () => {
    fc.assert(
      fc.property(arbitraryBytes, arbitrarySteps, (base, steps) => {
        const delta = deltaOf(steps, base.length);
        // It takes no delta without a window.
        fc.pre(delta.length > 0);
        expect(Buffer.from(decode(printVcdiff(delta), base))).toEqual(applyDelta(delta, base));
      }),
      { numRuns: 1000 },
    );
  });

  it('copies far into a large base are written with all digits', () => {
    const base = Buffer.alloc(5_000_000, 'a').fill('b', 4_000_000);
    const builder = new DeltaBuilder();
    builder.copy(3_999_990, 20);
    builder.copy(0, 3_000_000);
    builder.copy(4_999_999, 1);
    const delta = builder.finish();
    const printed = printVcdiff(delta);
    expect(printed.length).toBeLessThan(40);
    expect(Buffer.from(decode(printed, base)).equals(applyDelta(delta, base))).toBe(true);
  });

  it('neighbours are one: a change in the middle is copy, insert, copy', () => {
    const builder = new DeltaBuilder();
    for (let at = 0; at < 100; at += 10) builder.copy(at, 10);
    for (const text of ['a', '', 'b', 'c']) builder.insert(Buffer.from(text));
    for (let at = 105; at < 200; at += 5) builder.copy(at, 5);
    expect(builder.finish().instructions.map(plain)).toEqual([
      { from: 0, length: 100 },
      { bytes: 'abc', length: 3 },
      { from: 105, length: 95 },
    ]);
    expect(printVcdiff(builder.finish()).length).toBeLessThan(30);
  });
});

const plain = ({ from, bytes, length }: Instruction) =>
  bytes === undefined ? { from, length } : { bytes: Buffer.from(bytes).toString('latin1'), length };
