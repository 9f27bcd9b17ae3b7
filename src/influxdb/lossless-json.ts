/** What {@link parseLosslessJson} makes of a JSON text. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/g;
/** Sixteen digits are the fewest that a double may round. */
const longInteger = /^-?[0-9]{16,}$/;

/**
 * Parses JSON; an integer beyond the safe ones of a double becomes a bigint. InfluxDB writes its 64-bit numbers bare: shard id
 * 18446744073709551001 is another number after `JSON.parse`. Throws a SyntaxError as JSON.parse does.
 */
export function parseLosslessJson(text: string): Json {
  // A reviver sees no source text on Node 20, so long integers pass through it as strings with a mark that nothing else has.
  const mark = markMissingIn(text);
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

function markMissingIn(text: string): string {
  for (let number = 0; ; number++) {
    const mark = `bigint ${number}: `;
    if (!text.includes(mark)) return mark;
  }
}
