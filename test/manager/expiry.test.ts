import { ManualClock } from 'clusterflux/testing';
import { expect, it } from 'vitest';
import { expireAfter } from '../../src/manager/pushes/expiry.js';

/** Timers whose callbacks come `late` milliseconds after they are due, as in a process that was busy. */
function setUp(late: number) {
  const clock = new ManualClock();
  let expired = 0;
  const parts = {
    monotonic: () => clock.monotonic(),
    after: (ms: number, callback: () => void) => clock.after(ms + late, callback),
  };
  const cancel = expireAfter(parts, 250, () => {
    expired += 1;
  });
  return { clock, cancel, expired: () => expired };
}

it('R26: a reservation ends in time in a process that is not busy', async () => {
  const { clock, expired } = setUp(0);
  await clock.advance(249);
  expect(expired()).toBe(0);
  await clock.advance(1);
  expect(expired()).toBe(1);
});

it('R26: a manager that was too busy to read the push that it waits for gives the missed time once more', async () => {
  const { clock, expired } = setUp(100);
  await clock.advance(350);
  expect(expired()).toBe(0);
  await clock.advance(200);
  expect(expired()).toBe(1);
  const paused = setUp(60_000);
  await paused.clock.advance(60_250);
  expect(paused.expired()).toBe(0);
  await paused.clock.advance(60_250);
  expect(paused.expired(), 'at most as long again').toBe(1);
});

it('R26: a reservation that is used does not end later', async () => {
  const { clock, cancel, expired } = setUp(100);
  await clock.advance(350);
  cancel();
  await clock.advance(10_000);
  expect(expired()).toBe(0);
});
