import { isUtf8 } from 'node:buffer';

/** Parameters by name, in order; the first value of a name counts. */
export type UrlValues = ReadonlyMap<string, readonly string[]>;

/**
 * Parses a query string or form as Go does: a pair with a broken escape is dropped, and so is one with a raw semicolon.
 *
 * @param text One character for each byte.
 * @param separators `&`, or `&;` as servers built before Go 1.17 split.
 */
export function parseUrlValues(text: string, separators: '&' | '&;' = '&'): Map<string, string[]> {
  const values = new Map<string, string[]>();
  if (text === '') return values;
  const pairs = separators === '&' ? text.split('&') : text.split(/[&;]/);
  for (const pair of pairs) {
    if (pair === '' || pair.includes(';')) continue;
    const equals = pair.indexOf('=');
    const name = unescaped(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : unescaped(pair.slice(equals + 1));
    if (name === undefined || value === undefined) continue;
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else known.push(value);
  }
  return values;
}

const badEscape = /%(?![0-9A-Fa-f]{2})/;
const escapes = /%([0-9A-Fa-f]{2})/g;

function unescaped(text: string): string | undefined {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (spaced.includes('%')) {
    if (badEscape.test(spaced)) return undefined;
    return decodeBytes(
      spaced.replace(escapes, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    );
  }
  return decodeBytes(spaced);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
const ascii = /^[\x00-\x7f]*$/;

const decodeBytes = (bytes: string) => (ascii.test(bytes) ? bytes : decodeUtf8(Buffer.from(bytes, 'latin1')));

/** Decodes UTF-8 as Go does: one U+FFFD for each byte that belongs to no character, where browsers join several. */
export function decodeUtf8(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const parts: string[] = [];
  let begin = 0;
  for (let at = 0; at < bytes.length; ) {
    const size = sizeOf(bytes, at);
    if (size > 0) {
      at += size;
      continue;
    }
    parts.push(bytes.toString('utf8', begin, at), '\ufffd');
    at += 1;
    begin = at;
  }
  parts.push(bytes.toString('utf8', begin));
  return parts.join('');
}

/** Bytes of the character at `at`; 0 if there is none. */
function sizeOf(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  return at + size <= bytes.length && isUtf8(bytes.subarray(at, at + size)) ? size : 0;
}
