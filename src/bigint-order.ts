/** Orders bigints, for `sort`. */
export const compareBigints = (one: bigint, other: bigint): number =>
  one < other ? -1 : one > other ? 1 : 0;

/** Returns the highest of `values`, or `atLeast`, which is 0 by default. */
export function highest(values: Iterable<bigint>, atLeast = 0n): bigint {
  let found = atLeast;
  for (const value of values) if (value > found) found = value;
  return found;
}
