/** What {@link parseLosslessJson} makes of a JSON text. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

// A string, or an integer of sixteen digits and more, the first lengths that a double may round.
const stringOrLongInteger = /"(?:[^"\\]|\\.)*"|-?[0-9]{16,}(?![0-9.eE])/g;

/**
 * Parses JSON; an integer that a double cannot hold becomes a bigint. InfluxDB writes its 64-bit numbers bare: shard id
 * 18446744073709551001 is another number after `JSON.parse`. Throws a SyntaxError as JSON.parse does.
 */
export function parseLosslessJson(text: string): Json {
  // A reviver sees no source text on Node 20, so long integers pass through it as strings with a mark that nothing else has.
  const mark = markMissingIn(text);
  let marked = false;
  const prepared = text.replace(stringOrLongInteger, (token) => {
    if (token.startsWith('"') || Number.isSafeInteger(Number(token))) return token;
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
