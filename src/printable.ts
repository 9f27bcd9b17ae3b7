/**
 * Characters that a terminal or an editor interprets instead of displaying: control characters (C0, DEL, C1), format characters
 * (including those that reverse the text direction), and separators that some programs treat as line ends.
 */
const obeyed = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Returns `text` on one line, with `\u{…}` for control characters, because names from the network may contain escape sequences. */
export function printable(text: string): string {
  return text.replace(obeyed, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** Applies {@link printable} to each line. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

/** Escapes the characters that {@link printable} replaces in a JSON document; line feeds between its parts are kept. */
export function printableJson(json: string): string {
  return json.replace(obeyed, (character) => (character === '\n' ? character : escaped(character)));
}

/** Escapes each UTF-16 code unit, as JSON does. */
function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
