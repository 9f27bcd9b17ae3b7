import type { QueryResponse } from './execute/execute-query.js';

/** Differences of Go's JSON from JavaScript's: two escapes, and additional escaped characters. */
const differing = /\\.|[<>&\u2028\u2029]/g;
/** A lone surrogate is not a character. */
const half = /\p{Surrogate}/gu;

function asGo(match: string): string {
  if (match === '\\f') return '\\u000c';
  if (match === '\\b') return '\\u0008';
  return match.length > 1 ? match : `\\u${match.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * Formats a response as JSON, byte for byte like InfluxDB except for the line end after it. Ids beyond 2⁵³ keep all digits.
 *
 * @param pretty Whether to indent by four spaces.
 * @example
 * ```ts
 * console.log(formatResponse({})); // {}
 * ```
 */
export function formatResponse(response: QueryResponse, pretty = false): string {
  return write(response, pretty ? '\n' : '').replace(differing, asGo);
}

/** `indent` is a line end and the spaces of this level; `''` writes everything on one line. */
function write(value: unknown, indent: string): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return JSON.stringify(value.replace(half, '\ufffd'));
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = indent === '' ? '' : `${indent}    `;
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((item) => write(item, inner))
    : Object.entries(value).map(
        ([key, item]) => `${JSON.stringify(key)}:${indent === '' ? '' : ' '}${write(item, inner)}`,
      );
  const [open, close] = isList ? '[]' : '{}';
  return parts.length === 0
    ? `${open}${close}`
    : `${open}${inner}${parts.join(`,${inner}`)}${indent}${close}`;
}
