import { expect, it } from 'vitest';
import { Outages } from './outages.js';
import { grows, trendOf } from './trend.js';

const points = (valueAt: (minute: number) => number) =>
  Array.from({ length: 61 }, (_, i) => ({ time: i / 2, value: valueAt(i / 2) }));
const noise = (minute: number) => 3 * Math.sin(minute * 17);

it('finds the slope of what grows, and calls it growth', () => {
  const trend = trendOf(
    points((minute) => 100 + 2 * minute + noise(minute)),
    5,
  );
  expect(trend.slope).toBeCloseTo(2, 0);
  expect(trend.growth).toBeCloseTo(50, -1);
  expect(trend.samples).toBe(51);
  expect(grows(trend, 10)).toBe(true);
});

it('does not report noise, warming up or a decrease as growth', () => {
  for (const valueAt of [noise, (minute: number) => Math.min(minute, 5) * 100, (minute: number) => -minute]) {
    expect(
      grows(
        trendOf(
          points((minute) => 1_000 + valueAt(minute)),
          5,
        ),
        10,
      ),
    ).toBe(false);
  }
});

it('explains a failed heartbeat by an outage that it fell into, or came right after', () => {
  const outages = new Outages();
  expect(outages.explains(1_000)).toBe(false);
  outages.begin(10_000);
  expect(outages.explains(9_999)).toBe(false);
  expect(outages.explains(50_000)).toBe(true);
  outages.end(12_000);
  expect(outages.explains(22_000)).toBe(true);
  expect(outages.explains(22_001)).toBe(false);
  expect(outages.longest).toBe(2_000);
});
