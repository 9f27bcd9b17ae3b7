import type { Token } from './token.js';

const escapes: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['\\', '\\'],
  ['"', '"'],
  ["'", "'"],
]);

/**
 * The quoted text that begins at `start`. InfluxDB reports one character before the quote (a line end of two characters is one), and
 * a bad escape where it stands. There are four escapes, and no line end may stand inside the quotes.
 */
export function scanQuoted(text: string, start: number): Token {
  const at = precedingCharacter(text, start);
  const quote = text.charAt(start);
  const parts: string[] = [];
  let from = start + 1;
  for (let here = from; here < text.length; here++) {
    const character = text.charAt(here);
    if (character === quote) {
      return { kind: 'STRING', text: parts.join('') + text.slice(from, here), at, start, end: here + 1 };
    }
    if (character === '\n' || character === '\r') {
      return { kind: 'BADSTRING', text: parts.join('') + text.slice(from, here), at, start, end: here + 1 };
    }
    if (character !== '\\') continue;
    const escaped = escapes.get(text.charAt(here + 1));
    if (escaped === undefined) return badEscape(text, start, here);
    parts.push(text.slice(from, here), escaped);
    here += 1;
    from = here + 1;
  }
  return { kind: 'BADSTRING', text: parts.join('') + text.slice(from), at, start, end: text.length };
}

function badEscape(text: string, start: number, backslash: number): Token {
  const next = text.codePointAt(backslash + 1);
  const shown = next === undefined ? '' : String.fromCodePoint(next);
  const end = Math.min(backslash + 1 + shown.length, text.length);
  return { kind: 'BADESCAPE', text: shown === '' ? '' : `\\${shown}`, at: backslash + 1, start, end };
}

/** Offset of the character before `offset`; 0 at the beginning. */
export function precedingCharacter(text: string, offset: number): number {
  if (offset < 2) return 0;
  const pair = text.slice(offset - 2, offset);
  return pair === '\r\n' || (pair.codePointAt(0) ?? 0) > 0xffff ? offset - 2 : offset - 1;
}
