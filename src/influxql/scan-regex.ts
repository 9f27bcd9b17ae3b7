import { precedingCharacter } from './scan-quoted.js';
import type { Token } from './token.js';

/**
 * The regular expression whose first slash is at `start`. It ends at the next slash that has no backslash before it, also inside
 * brackets; of the escapes only `\/` is resolved, and no line end may stand in it.
 */
export function scanDelimited(text: string, start: number): Token {
  const at = precedingCharacter(text, start);
  const parts: string[] = [];
  let from = start + 1;
  for (let here = from; here < text.length; here++) {
    const character = text.charAt(here);
    if (character === '\n' || character === '\r')
      return { kind: 'BADREGEX', text: '', at, start, end: here + 1 };
    if (character !== '/') continue;
    if (text.charAt(here - 1) !== '\\') {
      return { kind: 'REGEX', text: parts.join('') + text.slice(from, here), at, start, end: here + 1 };
    }
    parts.push(text.slice(from, here - 1));
    from = here;
  }
  return { kind: 'BADREGEX', text: '', at, start, end: text.length };
}
