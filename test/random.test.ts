import { describe, expect, it } from 'vitest';
import { randomUuid, systemRandom } from '../src/random.js';

describe('chance', () => {
  it('is uniform in [0, 1), and not drawn twice', () => {
    const numbers = Array.from({ length: 10_000 }, systemRandom);
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    // Of 2^32 values, ten thousand draws meet a few dozen twice at the very most.
    expect(new Set(numbers).size).toBeGreaterThan(9_900);
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
  });

  it('makes version 4 UUIDs, all of whose other bits vary', () => {
    const ids = Array.from({ length: 1_000 }, () => randomUuid(systemRandom));
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(ids.length);
    for (const position of ids[0]?.matchAll(/[0-9a-f]/g) ?? []) {
      const values = new Set(ids.map((id) => id[position.index]));
      expect(values.size).toBe(position.index === 14 ? 1 : position.index === 19 ? 4 : 16);
    }
  });

  it('makes the same UUID of the same chance', () => {
    expect(randomUuid(() => 0)).toBe('00000000-0000-4000-8000-000000000000');
    expect(randomUuid(() => 1 - 2 ** -32)).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff');
  });
});
