import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyDelta } from '../../src/delta/apply-delta.js';
import type { Delta } from '../../src/delta/delta.js';
import { SharedBytes } from '../../src/manager/versions/shared-bytes.js';
import { contentDigest } from '../../src/protocol/content-digest.js';
import { arbitraryBytes, arbitrarySteps, deltaOf } from '../delta/support/arbitrary-delta.js';

const size = 200_000;

/** Replaces the bytes at `at`. */
function replacing(length: number, at: number, text: string): Delta {
  const bytes = Buffer.from(text);
  const rest = at + bytes.length;
  return {
    length,
    instructions: [
      { from: 0, length: at },
      { bytes, length: bytes.length },
      { from: rest, length: length - rest },
    ],
  };
}

/** All memory that the pieces are views of. */
function memoryOf({ pieces }: SharedBytes): number {
  return [...new Set(pieces.map(({ buffer }) => buffer))].reduce(
    (sum, { byteLength }) => sum + byteLength,
    0,
  );
}

describe('R29: the bytes of versions that deltas make', () => {
  it('are those of deltas applied to contiguous bytes, and their digest too', () => {
    fc.assert(
      fc.property(arbitraryBytes, fc.array(fc.tuple(arbitrarySteps, fc.boolean())), (first, changes) => {
        let expected = first;
        let bytes = SharedBytes.of(first);
        for (const [steps, isRead] of changes) {
          const delta = deltaOf(steps, expected.length);
          expected = applyDelta(delta, expected);
          bytes = bytes.patched(delta);
          expect(bytes.byteLength).toBe(expected.length);
          expect(Buffer.concat(bytes.pieces).equals(expected)).toBe(true);
          if (isRead) expect(Buffer.compare(bytes.whole(), expected)).toBe(0);
          expect(bytes.digest).toBe(contentDigest(expected));
        }
      }),
    );
  });

  it('share what did not change with their base, and are joined once', () => {
    const base = Buffer.alloc(size, 'base; ');
    const bytes = SharedBytes.of(base).patched(replacing(size, 1_000, 'changed'));
    expect(bytes.pieces.filter(({ buffer }) => buffer === base.buffer)).toHaveLength(2);
    const whole = bytes.whole();
    expect(whole.buffer).not.toBe(base.buffer);
    expect(bytes.whole()).toBe(whole);
    expect(bytes.pieces).toEqual([whole]);
  });

  it('are in a limited number of pieces, and most changes copy nothing', () => {
    let bytes = SharedBytes.of(Buffer.alloc(size, 'base; '));
    let copies = 0;
    for (let change = 0; change < 5_000; change++) {
      bytes = bytes.patched(replacing(size, (change * 7_919) % (size - 100), `change ${change}`));
      expect(bytes.pieces.length).toBeLessThanOrEqual(512);
      if (bytes.pieces.length === 1) copies++;
    }
    expect(copies).toBeGreaterThan(0);
    expect(copies).toBeLessThan(100);
  });

  it('keep no more memory alive than twice their size', () => {
    let bytes = SharedBytes.of(Buffer.alloc(size, 'base; '));
    for (let change = 0; change < 200; change++) {
      bytes = bytes.patched(replacing(size, 0, `${change} `.repeat(5_000).slice(0, 20_000)));
      expect(memoryOf(bytes)).toBeLessThanOrEqual(2 * size + 64 * 1024);
    }
    const rest = bytes.patched({ length: 10, instructions: [{ from: 5, length: 10 }] });
    expect(memoryOf(rest)).toBe(10);
  });

  it('of a delta with many instructions are contiguous', () => {
    const instructions = Array.from({ length: 2_000 }, (_, i) => ({ from: size - 1 - i, length: 1 }));
    const bytes = SharedBytes.of(Buffer.alloc(size, 'base; ')).patched({ length: 2_000, instructions });
    expect(bytes.pieces).toHaveLength(1);
  });

  it('have the digest that a header states, in each of its forms, and no other', () => {
    const bytes = SharedBytes.of(Buffer.from('metadata'));
    const value = bytes.digest.slice('sha-256=:'.length, -1);
    for (const header of [`sha-256=:${value}:`, `SHA-256=${value}`, `md5=:AAAA:, sha-256=:${value}:`]) {
      expect(bytes.hasDigest(header)).toBe(true);
    }
    for (const header of ['', 'md5=:AAAA:', `sha-256=:${value.toLowerCase()}:`, `sha-512=:${value}:`]) {
      expect(bytes.hasDigest(header)).toBe(false);
    }
  });
});
