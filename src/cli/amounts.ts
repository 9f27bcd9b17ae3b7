const binary = ['B', 'KiB', 'MiB', 'GiB'] as const;

/** Formats a size in bytes: `512 B`, `1.5 KiB`, `20 MiB`. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < binary.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 10 ? value.toFixed(0) : value.toFixed(1);
  return `${digits} ${binary[unit]}`;
}

const spans = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const;

/** Formats an age: `3 min ago`; `now` below a second, and for a time in the future, which another machine's clock may give. */
export function ageText(at: number, now: number): string {
  for (const [length, unit] of spans) {
    if (now - at >= length) return `${Math.floor((now - at) / length)} ${unit} ago`;
  }
  return 'now';
}

/** Formats a time to the second, in UTC. */
export const timeText = (at: number): string => new Date(at).toISOString().replace('T', ' ').slice(0, 19);
