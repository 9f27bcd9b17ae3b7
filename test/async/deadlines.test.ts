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

  it('expires those that are not cancelled in time, whichever are cancelled, and when', async () => {
    const time = fc.integer({ min: 1, max: 100 });
    const entry = fc.record({ added: time, ms: time, cancelled: fc.option(time) });
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 60 }), async (entries) => {
        const clock = new ManualClock();
        const deadlines = new Deadlines(clock);
        const expired: number[] = [];
        const cancels = new Map<number, () => void>();
        for (let now = 1; now <= 100; now += 1) {
          for (const [i, { added, ms }] of entries.entries())
            if (added === now)
              cancels.set(
                i,
                deadlines.add(ms, () => expired.push(i)),
              );
          for (const [i, { cancelled }] of entries.entries()) if (cancelled === now) cancels.get(i)?.();
          expect(clock.timers).toBe(deadlines.size === 0 ? 0 : 1);
          await clock.advance(1);
        }
        await clock.advance(1_000);
        const inTime = ({ added, ms, cancelled }: (typeof entries)[number]) =>
          cancelled === null || cancelled < added || cancelled >= added + ms;
        expect(expired.toSorted((a, b) => a - b)).toEqual(
          [...entries.entries()].filter(([, each]) => inTime(each)).map(([i]) => i),
        );
        const due = expired.map((i) => (entries[i]?.added ?? 0) + (entries[i]?.ms ?? 0));
        expect(due).toEqual(due.toSorted((a, b) => a - b));
        expect(deadlines.size).toBe(0);
      }),
      { numRuns: 20 },
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
