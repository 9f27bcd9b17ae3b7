/** The version that means «I have nothing»; never a live one. */
export const noVersion = 0;

/** The version that decimal digits name; `undefined` where they name no safe integer (sign, blank, fraction, beyond 2^53). */
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
