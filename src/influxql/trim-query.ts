/** What Go calls white space: unlike JavaScript with U+0085, and without the byte order mark. */
const isSpace = (character: string) =>
  character === '\u0085' || (character !== '\ufeff' && character.trim() === '');

/** `text` without the white space around it, as a server reads a query: places in errors count from there. */
export function trimQuery(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isSpace(text.charAt(start))) start += 1;
  while (end > start && isSpace(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}
