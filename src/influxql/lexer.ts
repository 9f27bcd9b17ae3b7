import { keywordOf } from './keywords.js';
import { scanQuoted } from './scan-quoted.js';
import { scanDelimited } from './scan-regex.js';
import type { Token } from './token.js';

const isWhitespace = (unit: number) => unit === 32 || unit === 9 || unit === 10 || unit === 13;
const isDigit = (unit: number) => unit >= 48 && unit <= 57;
const isLetter = (unit: number) => (unit >= 65 && unit <= 90) || (unit >= 97 && unit <= 122);
const isNameUnit = (unit: number) => isLetter(unit) || isDigit(unit) || unit === 95;
/** A letter, or µ (U+00B5). */
const isUnit = (unit: number) => isLetter(unit) || unit === 0xb5;

/** Operators of two characters, before those of one. */
const pairs: ReadonlySet<string> = new Set(['=~', '!=', '!~', '>=', '<=', '<>', '::']);
const singles: ReadonlySet<string> = new Set([...'+-*/%&|^=><(),;:.']);

/**
 * InfluxQL's lexer, as InfluxDB has it: the same tokens, and the same places in error messages.
 *
 * Each call of {@link next} reads one token and never looks behind its end by more than one character, so a text is read in linear
 * time. A slash is division here: only the parser knows where a regular expression may stand, and calls {@link regex} there.
 */
export class Lexer {
  /** Offset behind the last token. */
  offset: number;
  /** An end of text after a bare word is counted twice by InfluxDB's reader. */
  #endsInWord = false;

  constructor(
    readonly text: string,
    start = 0,
  ) {
    this.offset = start;
  }

  /** The unit that comes next; NaN at the end. */
  peek(): number {
    return this.text.charCodeAt(this.offset);
  }

  next(): Token {
    const start = this.offset;
    const unit = this.peek();
    if (Number.isNaN(unit)) return this.#endOfText();
    this.#endsInWord = false;
    if (isWhitespace(unit)) return this.#run('WS', start, isWhitespace);
    if (isLetter(unit) || unit === 95 || unit === 34) return this.#name(start, true);
    if (isDigit(unit) || (unit === 46 && isDigit(this.text.charCodeAt(start + 1))))
      return this.#number(start);
    if (unit === 39) return this.#take(scanQuoted(this.text, start));
    if (unit === 36) return this.#parameter(start);
    const pair = this.text.slice(start, start + 2);
    if (pair === '--') return this.#lineComment(start);
    if (pair === '/*') return this.#blockComment(start);
    if (pairs.has(pair)) return this.#token(pair === '<>' ? '!=' : pair, '', start, start + 2);
    const single = this.text.charAt(start);
    if (singles.has(single)) return this.#token(single, '', start, start + 1);
    const character = String.fromCodePoint(this.text.codePointAt(start) ?? 0);
    return this.#token('ILLEGAL', character, start, start + character.length);
  }

  /** The regular expression that begins here. */
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

  #run(kind: string, start: number, belongs: (unit: number) => boolean): Token {
    const end = this.#endOf(start, belongs);
    return this.#token(kind, this.text.slice(start, end), start, end);
  }

  #endOf(from: number, belongs: (unit: number) => boolean): number {
    let end = from;
    while (belongs(this.text.charCodeAt(end))) end += 1;
    return end;
  }

  /** A bare word, or a quoted name. A word directly before a quote is dropped by InfluxDB: `q"12"` is the name `12`. */
  #name(start: number, mayBeKeyword: boolean): Token {
    const end = this.#endOf(start, isNameUnit);
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
    const whole = this.#endOf(start, isDigit);
    if (this.text.charCodeAt(whole) === 46) {
      const end = this.#endOf(whole + 1, isDigit);
      // A point without digits behind it is read, and is not part of the number.
      const text = this.text.slice(start, end === whole + 1 ? whole : end);
      return this.#token('NUMBER', text, start, end);
    }
    if (!isUnit(this.text.charCodeAt(whole)))
      return this.#token('INTEGER', this.text.slice(start, whole), start, whole);
    const end = this.#endOf(whole, (unit) => isUnit(unit) || isDigit(unit));
    return this.#token('DURATIONVAL', this.text.slice(start, end), start, end);
  }

  #lineComment(start: number): Token {
    const end = this.#endOf(start, (unit) => unit !== 10 && unit !== 13 && !Number.isNaN(unit));
    return this.#token('COMMENT', '', start, Math.min(end + 1, this.text.length));
  }

  #blockComment(start: number): Token {
    const close = this.text.indexOf('*/', start + 2);
    return close < 0
      ? this.#token('ILLEGAL', '', start, this.text.length)
      : this.#token('COMMENT', '', start, close + 2);
  }
}
