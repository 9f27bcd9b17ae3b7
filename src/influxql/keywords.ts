/** The words that InfluxQL reserves: a name that is one of them must be quoted. Newer servers reserve {@link newerKeywords}, too. */
const keywords: ReadonlySet<string> = new Set(
  `ALL ALTER ANALYZE AND ANY AS ASC BEGIN BY CARDINALITY CONTINUOUS CREATE DATABASE DATABASES DEFAULT DELETE DESC DESTINATIONS
  DIAGNOSTICS DISTINCT DROP DURATION END EVERY EXACT EXPLAIN FALSE FIELD FOR FROM GRANT GRANTS GROUP GROUPS IN INF INSERT INTO KEY
  KEYS KILL LIMIT MEASUREMENT MEASUREMENTS NAME OFFSET ON OR ORDER PASSWORD POLICIES POLICY PRIVILEGES QUERIES QUERY READ REPLICATION
  RESAMPLE RETENTION REVOKE SELECT SERIES SET SHARD SHARDS SHOW SLIMIT SOFFSET STATS SUBSCRIPTION SUBSCRIPTIONS TAG TO TRUE USER
  USERS VALUES WHERE WITH WRITE`.split(/\s+/),
);

/** Reserved since InfluxDB 1.11 (VERBOSE) and 1.12. As bare names they are still read, and printed in quotes for the newer servers. */
const newerKeywords: ReadonlySet<string> = new Set(['VERBOSE', 'FUTURE', 'PAST']);

/** The longest keyword; a longer word is not converted to upper case just to find that out. */
const maxLength = 13;

/** Which pairs of a first letter and a length keywords have. Most names have none of them, and are told apart by that alone. */
const shapes = new Uint8Array(32 * (maxLength + 1));
const shapeOf = (word: string) => (word.charCodeAt(0) & 31) * (maxLength + 1) + word.length;
for (const keyword of keywords) shapes[shapeOf(keyword)] = 1;

/** The keyword that `word` is, in any case; `undefined` for a name. */
export function keywordOf(word: string): string | undefined {
  if (word.length > maxLength || shapes[shapeOf(word)] !== 1) return undefined;
  if (keywords.has(word)) return word;
  const upper = word.toUpperCase();
  return keywords.has(upper) ? upper : undefined;
}

/**
 * Whether `name` must be quoted. The names that are reserved by newer servers only are quoted with `portable`, which every server
 * reads; without it the result is the form that InfluxDB 1.6 to 1.10 print.
 */
export function needsQuotes(name: string, portable = true): boolean {
  if (!isBareName(name) || keywordOf(name) !== undefined) return true;
  return portable && name.length <= maxLength && newerKeywords.has(name.toUpperCase());
}

/** Linear, without backtracking. */
const isBareName = (name: string) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
