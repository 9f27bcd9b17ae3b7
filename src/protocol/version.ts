/** The version that means «I have nothing»; never a live one. */
export const noVersion = 0;

/** The version that decimal digits name; `undefined` where they name no safe integer (sign, blank, fraction, beyond 2^53). */
export function parseVersion(text: string | null | undefined): number | undefined {
  if (text == null || !/^[0-9]{1,16}$/.test(text)) return undefined;
  const version = Number(text);
  return Number.isSafeInteger(version) ? version : undefined;
}
