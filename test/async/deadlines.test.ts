import { ManualClock } from 'clusterflux/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deadlines } from '../../src/async/deadlines.js';

describe('Deadlines', () => {
  it('expires each once, in order and in time, on one timer, except those that were called off', async () => {
    const entry = fc.record({ ms: fc.integer({ min: 0, max: 1_000 }), calledOff: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 60 }), async (entries) => {
        const clock = new ManualClock();
        const deadlines = new Deadlines(clock);
        const expired: { readonly ms: number; readonly at: number }[] = [];
        const cancels = entries.map(({ ms }) =>
          deadlines.add(ms, () => expired.push({ ms, at: clock.monotonic() })),
        );
        expect(clock.timers).toBeLessThanOrEqual(1);
        for (const [i, cancel] of cancels.entries()) if (entries[i]?.calledOff) cancel();
        const due = entries.filter(({ calledOff }) => !calledOff).map(({ ms }) => ms);
        expect(deadlines.size).toBe(due.length);
        await clock.advance(1_000);
        expect(expired.map(({ ms }) => ms)).toEqual(due.sort((a, b) => a - b));
        for (const { ms, at } of expired) expect(at).toBe(ms);
        expect(clock.timers).toBe(0);
        for (const cancel of cancels) cancel();
      }),
      { numRuns: 50 },
    );
  });

  it('takes deadlines that are added while others expire', async () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const expired: number[] = [];
    deadlines.add(10, () => {
      expired.push(10);
      deadlines.add(5, () => expired.push(15));
    });
    await clock.advance(20);
    expect(expired).toEqual([10, 15]);
  });

  it('expires nothing after close, and leaves no timer', async () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const expire = () => expect.fail('registrationLost');
    deadlines.add(10, expire);
    deadlines.close();
    deadlines.add(10, expire);
    expect(clock.timers).toBe(0);
    await clock.advance(20);
  });
});
