/** The words of a text that are searched: names with dots, dashes and underscores as a whole, and their parts. */
export function tokensOf(text: string): string[] {
  // VitePress sends this function to the browser as its text: it must not use anything else of this file.
  const words = text.match(/[\p{L}\p{N}]+(?:[_.-]+[\p{L}\p{N}]+)*/gu) ?? [];
  return words.flatMap((word) => {
    const parts = word.split(/[_.-]+/);
    return parts.length > 1 ? [word, ...parts] : [word];
  });
}
