/**
 * What a terminal or an editor obeys instead of showing it: control characters (C0, DEL, C1), format characters (those that turn
 * the direction of writing around among them), and the separators that some programs take for the end of a line.
 */
const obeyed = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** `text` on one line, with `\u{…}` for every character that a terminal obeys: names from the network may hold escape sequences. */
export function printable(text: string): string {
  return text.replace(obeyed, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** {@link printable}, of each line. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

/** The same JSON document, with escapes for the characters that {@link printable} replaces; line feeds between its parts stay. */
export function printableJson(json: string): string {
  return json.replace(obeyed, (character) => (character === '\n' ? character : escaped(character)));
}

/** JSON escapes UTF-16 code units. */
function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
