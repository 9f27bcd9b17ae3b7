/** `text` on one line and without anything that a terminal would obey; names may hold escape sequences. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}

/** {@link printable}, of each line: what another program said, in an error. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');
