/** White space of Go: unlike JavaScript's, it includes U+0085 but not the byte order mark. */
const isSpace = (character: string) =>
  character === '\u0085' || (character !== '\ufeff' && character.trim() === '');

/** Trims white space like a server does, because places in errors count from the trimmed text. */
export function trimQuery(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isSpace(text.charAt(start))) start += 1;
  while (end > start && isSpace(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}
