import { printDuration } from '../../influxql/duration-literal.js';

/**
 * Returns why InfluxQL cannot express `text` inside quotes; `undefined` if it can.
 *
 * Observed on InfluxDB 1.6.7: a carriage return or NUL inside quotes is a parse error however it is escaped, and a lone
 * surrogate would silently become U+FFFD, another name.
 */
export function whyInexpressible(text: string): string | undefined {
  if (!/[\r\0\p{Surrogate}]/u.test(text)) return undefined;
  if (text.includes('\r')) return 'InfluxQL cannot express a carriage return';
  if (text.includes('\0')) return 'InfluxQL cannot express a NUL character';
  return 'InfluxQL cannot express a lone surrogate';
}

/** Returns `name` as a quoted identifier; the caller must have checked it with {@link whyInexpressible}. */
export function quoteIdentifier(name: string): string {
  return `"${escapeFor('"', name)}"`;
}

/** Returns `text` as a string literal; the caller must have checked it with {@link whyInexpressible}. */
export function quoteString(text: string): string {
  return `'${escapeFor("'", text)}'`;
}

function escapeFor(quote: string, text: string): string {
  const why = whyInexpressible(text);
  if (why !== undefined) throw new RangeError(why);
  // Only these three are escaped: a doubled quote is not an escape in InfluxQL, and `\t` is a parse error.
  return text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`).replaceAll('\n', '\\n');
}

/** Returns a duration in nanoseconds as a literal; 0 means infinite. InfluxQL has no negative durations. */
export function durationLiteral(nanoseconds: bigint): string {
  return nanoseconds === 0n ? 'INF' : printDuration(nanoseconds);
}
