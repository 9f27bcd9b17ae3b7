/*
 * Checks of a caller's arguments beyond TypeScript's types: a number that cannot be stored is refused here, with its name, and not when
 * the metadata is written.
 */

const least = -(2n ** 63n);
const most = 2n ** 63n - 1n;

/** @throws RangeError */
export function checkInt64(name: string, value: bigint): bigint {
  if (typeof value !== 'bigint') throw new TypeError(`${name} must be a bigint, not ${typeof value}`);
  if (value < least || value > most)
    throw new RangeError(`${name} must be a signed 64-bit integer, not ${value}`);
  return value;
}

/** @throws RangeError */
export function checkInteger(name: string, value: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${name} must be an integer, not ${value}`);
  return value;
}
