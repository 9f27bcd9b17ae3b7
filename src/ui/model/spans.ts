const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const;

/** A duration in its largest unit: `41 s`, `3 min`, `2 d`; `0.4 s` below ten seconds if `isFine`. */
export function spanText(ms: number, isFine = false): string {
  if (isFine && ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  for (const [length, unit] of units) if (ms >= length) return `${Math.floor(ms / length)} ${unit}`;
  return '0 s';
}

export const agoText = (ms: number): string => (ms < 1_000 ? 'now' : `${spanText(ms)} ago`);

const binary = ['B', 'KiB', 'MiB', 'GiB'] as const;

export function sizeText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < binary.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 10 ? value.toFixed(0) : value.toFixed(1)} ${binary[unit]}`;
}

/** A number with the reader's separators. */
export const countText = (count: number): string => count.toLocaleString(undefined);

export const rateText = (perSecond: number): string =>
  perSecond >= 10 || perSecond === 0 ? perSecond.toFixed(0) : perSecond.toFixed(1);
