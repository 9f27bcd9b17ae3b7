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

/** The command that prints the contents of a view; `--` ends the options if an argument looks like one. */
export function command(base: string, name: string, ...args: readonly (string | number)[]): string {
  const texts = args.map((each) => String(each));
  const flags = texts.filter((each) => each.startsWith('--'));
  const plain = texts.filter((each) => !each.startsWith('--'));
  const needsEnd = plain.some((each) => each.startsWith('-'));
  const endpoint = base.replace(/\/$/, '');
  return [
    'cflux',
    name,
    '--endpoint',
    quoted(endpoint),
    ...flags,
    ...(needsEnd ? ['--'] : []),
    ...plain.map(quoted),
  ].join(' ');
}
