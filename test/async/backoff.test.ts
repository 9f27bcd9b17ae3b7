import { seededRandom } from 'clusterflux/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffDelay, exponentialDelay } from '../../src/async/backoff.js';
import { equalJitter, fullJitter, uniformDelay } from '../../src/async/jitter.js';

const backoffs = fc.record({
  first: fc.integer({ min: 1, max: 1_000 }),
  max: fc.integer({ min: 1_000, max: 60_000 }),
});
const manyFailures = fc.integer({ min: 1, max: 5_000 });

describe('backoff', () => {
  it('doubles from the first delay to the maximum, and stays there for any number of failures', () => {
    fc.assert(
      fc.property(backoffs, manyFailures, (backoff, failures) => {
        const delay = exponentialDelay(backoff, failures);
        expect(exponentialDelay(backoff, 1)).toBe(backoff.first);
        expect(exponentialDelay(backoff, failures + 1)).toBe(Math.min(2 * delay, backoff.max));
      }),
    );
  });

  it('leaves at least half of each delay', () => {
    fc.assert(
      fc.property(backoffs, manyFailures, fc.integer(), (backoff, failures, seed) => {
        const full = exponentialDelay(backoff, failures);
        const delay = backoffDelay(backoff, failures, seededRandom(seed));
        expect(delay).toBeGreaterThanOrEqual(full / 2);
        expect(delay).toBeLessThanOrEqual(full);
      }),
    );
  });

  it('gives peers that failed together different delays', () => {
    const random = seededRandom(1);
    const delays = Array.from({ length: 100 }, () => backoffDelay({ first: 1_000, max: 15_000 }, 3, random));
    expect(new Set(delays).size).toBe(100);
  });
});

describe('jitter', () => {
  it('stays between its limits, and reaches them', () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.nat(1_000), fc.integer(), (min, width, seed) => {
        const delay = uniformDelay(min, min + width, seededRandom(seed));
        expect(delay).toBeGreaterThanOrEqual(min);
        expect(delay).toBeLessThanOrEqual(min + width);
      }),
    );
    const [least, most] = [() => 0, () => 1];
    expect([uniformDelay(3, 7, least), uniformDelay(3, 7, most)]).toEqual([3, 7]);
    expect([equalJitter(8, least), equalJitter(8, most)]).toEqual([4, 8]);
    expect([fullJitter(8, least), fullJitter(8, most)]).toEqual([0, 8]);
  });
});
