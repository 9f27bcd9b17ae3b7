import { randomUUID } from 'node:crypto';

/** The result of {@link parseLosslessJson}. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** An unclosed string matches to the end of the text; otherwise a search from each of its quotes would be quadratic. */
const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"?|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/gs;
/** A double may round from 16 digits on; a 64-bit number has at most 20. */
const longInteger = /^-?[0-9]{16,20}$/;

/**
 * Parses JSON; an integer of up to 20 digits beyond the safe ones of a double becomes a bigint. InfluxDB writes its 64-bit numbers bare:
 * shard id 18446744073709551001 is another number after `JSON.parse`. Throws a SyntaxError as JSON.parse does.
 */
export function parseLosslessJson(text: string): Json {
  // A reviver sees no source text on Node 20, so long integers pass through it as strings with a mark that no text can foresee.
  const mark = `bigint ${randomUUID()}: `;
  let marked = false;
  const prepared = text.replace(stringOrNumber, (token) => {
    if (!longInteger.test(token) || Number.isSafeInteger(Number(token))) return token;
    marked = true;
    return `"${mark}${token}"`;
  });
  if (!marked) return JSON.parse(text);
  return JSON.parse(prepared, (_key, value) =>
    typeof value === 'string' && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  );
}
