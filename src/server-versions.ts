/** A version of InfluxDB: major and minor number. */
type Release = readonly [major: number, minor: number];

/** The first release with FUTURE LIMIT and PAST LIMIT of retention policies. */
export const writeLimitsSince: Release = [1, 12];

/** The first release that prints numbers of a query with all their digits; older ones round them to three decimals. */
export const fullNumbersSince: Release = [1, 12];

/**
 * Returns whether `version`, as a server reports it (`1.12.4`, `v1.8.10`, `1.6.7~rc0`), is `release` or newer. A custom build that
 * reports any other text, such as `unknown`, counts as older.
 */
export function isAtLeast(version: string | undefined, [major, minor]: Release): boolean {
  const [, first, second] = /^v?([0-9]{1,9})\.([0-9]{1,9})/.exec(version?.slice(0, 40) ?? '') ?? [];
  if (first === undefined || second === undefined) return false;
  return Number(first) > major || (Number(first) === major && Number(second) >= minor);
}
