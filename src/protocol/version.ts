/** The version for "no data"; never a live one. */
export const noVersion = 0;

/** Parses a version from decimal digits; `undefined` unless it is a safe integer (no sign, blank or fraction, below 2^53). */
export function parseVersion(text: string | null | undefined): number | undefined {
  if (text == null || text.length === 0 || text.length > 16) return undefined;
  let version = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    version = version * 10 + digit;
  }
  return Number.isSafeInteger(version) ? version : undefined;
}
