/** Quotes a text for a shell; control characters as `$'…'`, so that pasting it cannot end the line. */
export function quoted(text: string): string {
  if (/^[\w.:/@%+=-]+$/.test(text)) return text;
  if (!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  const escaped = text.replace(/[\\'\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === '\\' || character === "'") return `\\${character}`;
    return code < 0x80
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `$'${escaped}'`;
}

/**
 * Returns the command that prints the contents of a view.
 *
 * @param args names may look like options: `--` goes before them then
 * @param flags written as they are
 */
export function command(
  base: string,
  name: string,
  args: readonly (string | number)[],
  flags: readonly string[] = [],
): string {
  const texts = args.map((each) => String(each));
  const needsEnd = texts.some((each) => each.startsWith('-'));
  const endpoint = base.replace(/\/$/, '');
  return [
    'cflux',
    name,
    '--endpoint',
    quoted(endpoint),
    ...flags,
    ...(needsEnd ? ['--'] : []),
    ...texts.map(quoted),
  ].join(' ');
}
