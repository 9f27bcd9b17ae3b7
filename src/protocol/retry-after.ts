/**
 * Milliseconds that a `Retry-After` value (RFC 9110) asks to wait, seconds or a date that is compared with `now`
 * (milliseconds since 1970); `undefined` where it says neither.
 */
export function parseRetryAfter(value: string | null | undefined, now: number): number | undefined {
  if (value == null) return undefined;
  if (/^\s*[0-9]{1,9}\s*$/.test(value)) return Number(value) * 1000;
  // Date.parse takes `-5` for a month long ago; a date of HTTP begins with the day of the week.
  const date = /^\s*[a-z]{3}/i.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
