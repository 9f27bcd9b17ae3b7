const alphabet = /[A-Za-z0-9_-]/;

/**
 * Decodes a part of a token as Go does: URL-safe base64, with or without its padding.
 *
 * @throws Error with Go's text
 */
export function decodeSegment(segment: string): Buffer {
  const padded = segment + '='.repeat((4 - (segment.length % 4)) % 4);
  const at = faultIn(padded);
  if (at !== undefined) throw new Error(`illegal base64 data at input byte ${at}`);
  return Buffer.from(padded.replace(/[\r\n]/g, ''), 'base64url');
}

/** Returns the position that Go names; `undefined` if the text can be decoded. Go ignores line ends. */
function faultIn(text: string): number | undefined {
  let inQuantum = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === '\n' || character === '\r') continue;
    if (alphabet.test(character)) {
      inQuantum = (inQuantum + 1) % 4;
      continue;
    }
    if (character !== '=' || inQuantum < 2) return at;
    return faultInPadding(text, at, inQuantum);
  }
  return inQuantum === 0 ? undefined : text.length - inQuantum;
}

function faultInPadding(text: string, first: number, inQuantum: number): number | undefined {
  let at = skipLineEnds(text, first + 1);
  if (inQuantum === 2) {
    if (at >= text.length) return text.length;
    if (text[at] !== '=') return at;
    at = skipLineEnds(text, at + 1);
  }
  return at < text.length ? at : undefined;
}

function skipLineEnds(text: string, from: number): number {
  let at = from;
  while (text[at] === '\n' || text[at] === '\r') at += 1;
  return at;
}
