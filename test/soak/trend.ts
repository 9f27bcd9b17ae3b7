/** A straight line through what was measured. */
export interface Trend {
  readonly mean: number;
  /** Per minute. */
  readonly slope: number;
  /** What the slope adds up to over the time that was looked at. */
  readonly growth: number;
  readonly samples: number;
}

export interface Point {
  /** Minutes. */
  readonly time: number;
  readonly value: number;
}

/** The line of least squares through the points after the `warmUp` (minutes): until then caches fill, and code is compiled. */
export function trendOf(points: readonly Point[], warmUp: number): Trend {
  const warm = points.filter(({ time }) => time >= warmUp);
  const mean = (list: readonly number[]) =>
    list.reduce((sum, one) => sum + one, 0) / Math.max(list.length, 1);
  const time = mean(warm.map((point) => point.time));
  const value = mean(warm.map((point) => point.value));
  const spread = warm.reduce((sum, point) => sum + (point.time - time) ** 2, 0);
  const together = warm.reduce((sum, point) => sum + (point.time - time) * (point.value - value), 0);
  const slope = spread === 0 ? 0 : together / spread;
  const length = (warm.at(-1)?.time ?? 0) - (warm[0]?.time ?? 0);
  return { mean: value, slope, growth: slope * length, samples: warm.length };
}

/** Whether it grows by more than a part of itself that chance explains; `least`: what never counts. */
export const grows = ({ mean, growth }: Trend, least: number): boolean =>
  growth > Math.max(least, mean * 0.15);
