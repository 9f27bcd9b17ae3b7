/** The words that InfluxQL reserves: a name that is one of them must be quoted. Newer servers reserve {@link newerKeywords}, too. */
const keywords: ReadonlySet<string> = new Set(
  `ALL ALTER ANALYZE AND ANY AS ASC BEGIN BY CARDINALITY CONTINUOUS CREATE DATABASE DATABASES DEFAULT DELETE DESC DESTINATIONS
  DIAGNOSTICS DISTINCT DROP DURATION END EVERY EXACT EXPLAIN FALSE FIELD FOR FROM GRANT GRANTS GROUP GROUPS IN INF INSERT INTO KEY
  KEYS KILL LIMIT MEASUREMENT MEASUREMENTS NAME OFFSET ON OR ORDER PASSWORD POLICIES POLICY PRIVILEGES QUERIES QUERY READ REPLICATION
  RESAMPLE RETENTION REVOKE SELECT SERIES SET SHARD SHARDS SHOW SLIMIT SOFFSET STATS SUBSCRIPTION SUBSCRIPTIONS TAG TO TRUE USER
  USERS VALUES WHERE WITH WRITE`.split(/\s+/),
);

/**
 * Reserved since InfluxDB 1.11 (VERBOSE) and 1.12. They are still accepted as bare names, and quoted in output for newer servers; every
 * server accepts quoted names.
 */
const newerKeywords: ReadonlySet<string> = new Set(['VERBOSE', 'FUTURE', 'PAST']);

/** The length of the longest keyword, to skip the conversion of longer words to upper case. */
const maxLength = 13;

/** The pairs of first letter and length of all keywords, a fast check that excludes most names. */
const shapes = new Uint8Array(32 * (maxLength + 1));
const shapeOf = (word: string) => (word.charCodeAt(0) & 31) * (maxLength + 1) + word.length;
for (const keyword of keywords) shapes[shapeOf(keyword)] = 1;

/** Returns the keyword of `word`, ignoring case; `undefined` for a name. */
export function keywordOf(word: string): string | undefined {
  if (word.length > maxLength || shapes[shapeOf(word)] !== 1) return undefined;
  if (keywords.has(word)) return word;
  const upper = word.toUpperCase();
  return keywords.has(upper) ? upper : undefined;
}

/**
 * Returns whether `name` must be quoted. With `portable`, names that only newer servers reserve are quoted too, which every server
 * accepts; without it, the result is the form that InfluxDB 1.6 to 1.10 print.
 */
export function needsQuotes(name: string, portable = true): boolean {
  if (!isBareName(name) || keywordOf(name) !== undefined) return true;
  return portable && isNewerKeyword(name);
}

/** Returns whether only newer servers reserve `word`. */
export const isNewerKeyword = (word: string): boolean =>
  word.length <= maxLength && newerKeywords.has(word.toUpperCase());

/** Linear, without backtracking. */
const isBareName = (name: string) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
