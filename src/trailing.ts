/**
 * Returns `text` without trailing characters that match `character`, an expression for one character.
 *
 * An expression such as `/x+$/` takes quadratic time, because a match is attempted at every `x` of a long run.
 */
export function withoutTrailing(text: string, character: RegExp): string {
  let end = text.length;
  while (end > 0 && character.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}
