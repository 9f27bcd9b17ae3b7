/**
 * Why InfluxQL has no way to write `text` inside quotes; `undefined` where it has one.
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

/** `name` as a quoted identifier; a name that {@link whyInexpressible} refuses must never get here. */
export function quoteIdentifier(name: string): string {
  return `"${escapeFor('"', name)}"`;
}

/** `text` as a string literal; a text that {@link whyInexpressible} refuses must never get here. */
export function quoteString(text: string): string {
  return `'${escapeFor("'", text)}'`;
}

function escapeFor(quote: string, text: string): string {
  const why = whyInexpressible(text);
  if (why !== undefined) throw new RangeError(why);
  // A doubled quote is no escape in InfluxQL, and `\t` is a parse error: only these three are escaped.
  return text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`).replaceAll('\n', '\\n');
}

/** A duration in nanoseconds as a literal; 0 is for ever. InfluxQL has no negative ones. */
export function durationLiteral(nanoseconds: bigint): string {
  return nanoseconds === 0n ? 'INF' : `${nanoseconds}ns`;
}
