import { keywordOf } from './keywords.js';
import { scanQuoted } from './scan-quoted.js';
import { scanDelimited } from './scan-regex.js';
import type { Token } from './token.js';

/** Character classes as bits. µ (U+00B5) may be part of a unit; no other letter is outside ASCII. */
const space = 1;
const digit = 2;
const nameStart = 4;
const unitLetter = 8;
const inName = digit | nameStart;
const inDuration = digit | unitLetter;
const classes = Uint8Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (' \t\n\r'.includes(character)) return space;
  if (/[0-9]/.test(character)) return digit;
  if (/[A-Za-z]/.test(character)) return nameStart | unitLetter;
  if (character === '_') return nameStart;
  return character === 'µ' ? unitLetter : 0;
});

const dash = 45;
const slash = 47;
const star = 42;
/** Operators of one character, by its code, and of two, by both. */
const signs: ReadonlyMap<number, string> = new Map(
  [...'+-*/%&|^=><(),;:.'].map((sign) => [sign.charCodeAt(0), sign]),
);
const pairs: ReadonlyMap<number, string> = new Map(
  ['=~', '!=', '!~', '>=', '<=', '<>', '::'].map((pair) => [
    pair.charCodeAt(0) * 65_536 + pair.charCodeAt(1),
    pair === '<>' ? '!=' : pair,
  ]),
);

/**
 * A lexer with the same tokens, and the same places in error messages, as InfluxDB's.
 *
 * Each call of {@link next} reads one token with a lookahead of one character, so a text is read in linear time. A slash is division
 * here: only the parser knows where a regular expression is allowed, and calls {@link regex} there.
 */
export class Lexer {
  /** Offset after the last token. */
  offset: number;
  /** InfluxDB's reader counts an end of text after a bare word twice. */
  #endsInWord = false;

  constructor(
    readonly text: string,
    start = 0,
  ) {
    this.offset = start;
  }

  /** The next code unit; NaN at the end. */
  peek(): number {
    return this.text.charCodeAt(this.offset);
  }

  next(): Token {
    const start = this.offset;
    if (start >= this.text.length) return this.#endOfText();
    this.#endsInWord = false;
    const unit = this.text.charCodeAt(start);
    const kind = classes[unit] ?? 0;
    if ((kind & space) !== 0) return this.#token('WS', '', start, this.#endOf(start, space));
    if ((kind & nameStart) !== 0) return this.#name(start, true);
    if ((kind & digit) !== 0 || (unit === 46 && this.#is(start + 1, digit))) return this.#number(start);
    if (unit === 34) return this.#name(start, true);
    if (unit === 39) return this.#take(scanQuoted(this.text, start));
    if (unit === 36) return this.#parameter(start);
    return this.#sign(start, unit);
  }

  /** Reads an operator, a comment, or an illegal character. */
  #sign(start: number, unit: number): Token {
    const single = signs.get(unit);
    const second = this.text.charCodeAt(start + 1);
    if (unit === dash && second === dash) return this.#lineComment(start);
    if (unit === slash && second === star) return this.#blockComment(start);
    const pair = pairs.get(unit * 65_536 + second);
    if (pair !== undefined) return this.#token(pair, '', start, start + 2);
    if (single !== undefined) return this.#token(single, '', start, start + 1);
    const character = String.fromCodePoint(this.text.codePointAt(start) ?? 0);
    return this.#token('ILLEGAL', character, start, start + character.length);
  }

  /** Skips white space without a token for it, because every second token would be white space. */
  skipSpace(): void {
    const end = this.#endOf(this.offset, space);
    if (end === this.offset) return;
    this.offset = end;
    this.#endsInWord = false;
  }

  /** Reads the regular expression that begins here. */
  regex(): Token {
    return this.#take(scanDelimited(this.text, this.offset));
  }

  #endOfText(): Token {
    const { length } = this.text;
    return { kind: 'EOF', text: '', at: length + (this.#endsInWord ? 1 : 0), start: length, end: length };
  }

  #token(kind: string, text: string, start: number, end: number): Token {
    return this.#take({ kind, text, at: start, start, end });
  }

  #take(token: Token): Token {
    this.offset = token.end;
    return token;
  }

  #is(at: number, mask: number): boolean {
    return ((classes[this.text.charCodeAt(at)] ?? 0) & mask) !== 0;
  }

  /** Offset of the first character from `from` on that has none of these bits. */
  #endOf(from: number, mask: number): number {
    const { text } = this;
    const { length } = text;
    let end = from;
    while (end < length && ((classes[text.charCodeAt(end)] ?? 0) & mask) !== 0) end += 1;
    return end;
  }

  /** Reads a bare word, or a quoted name. InfluxDB drops a word directly before a quote: `q"12"` is the name `12`. */
  #name(start: number, mayBeKeyword: boolean): Token {
    const end = this.#endOf(start, inName);
    if (this.text.charCodeAt(end) === 34) {
      const quoted = scanQuoted(this.text, end);
      if (quoted.kind !== 'STRING') return this.#take({ ...quoted, start });
      return this.#token('IDENT', quoted.text, start, quoted.end);
    }
    const word = this.text.slice(start, end);
    this.#endsInWord = end === this.text.length;
    const keyword = mayBeKeyword ? keywordOf(word) : undefined;
    return keyword === undefined
      ? this.#token('IDENT', word, start, end)
      : this.#token(keyword, '', start, end);
  }

  #parameter(start: number): Token {
    const name = this.#name(start + 1, false);
    if (name.kind !== 'IDENT') return { ...name, text: `$${name.text}`, at: start, start };
    return this.#token('BOUNDPARAM', `$${name.text}`, start, name.end);
  }

  #number(start: number): Token {
    const whole = this.#endOf(start, digit);
    if (this.text.charCodeAt(whole) === 46) {
      const end = this.#endOf(whole + 1, digit);
      // A decimal point without digits after it is consumed, and is not part of the number.
      const text = this.text.slice(start, end === whole + 1 ? whole : end);
      return this.#token('NUMBER', text, start, end);
    }
    if (!this.#is(whole, unitLetter))
      return this.#token('INTEGER', this.text.slice(start, whole), start, whole);
    const end = this.#endOf(whole, inDuration);
    return this.#token('DURATIONVAL', this.text.slice(start, end), start, end);
  }

  #lineComment(start: number): Token {
    let end = start + 2;
    while (end < this.text.length && !'\n\r'.includes(this.text.charAt(end))) end += 1;
    return this.#token('COMMENT', '', start, Math.min(end + 1, this.text.length));
  }

  #blockComment(start: number): Token {
    const close = this.text.indexOf('*/', start + 2);
    return close < 0
      ? this.#token('ILLEGAL', '', start, this.text.length)
      : this.#token('COMMENT', '', start, close + 2);
  }
}
