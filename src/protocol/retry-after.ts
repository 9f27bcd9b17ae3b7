/**
 * Returns the milliseconds to wait according to a `Retry-After` value (RFC 9110), which is in seconds or a date that is compared with
 * `now` (milliseconds since 1970); `undefined` if it is neither.
 */
export function parseRetryAfter(value: string | null | undefined, now: number): number | undefined {
  if (value == null) return undefined;
  if (/^\s*[0-9]{1,9}\s*$/.test(value)) return Number(value) * 1000;
  // Date.parse accepts `-5` as a month long ago; an HTTP date begins with the day of the week.
  const date = /^\s*[a-z]{3}/i.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
