/**
 * `text` without the characters at its end that match `character`, which matches one.
 *
 * An expression such as `/x+$/` begins at every `x` of a long run, and so takes quadratic time.
 */
export function withoutTrailing(text: string, character: RegExp): string {
  let end = text.length;
  while (end > 0 && character.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}
