import { type BoundParameters, boundToken } from './bound-parameters.js';
import { Lexer } from './lexer.js';
import { unexpected } from './syntax-error.js';
import { isSpace, type Token } from './token.js';

/** The number of tokens that InfluxDB's parser can go back. */
const history = 3;

/**
 * Reads the tokens of a text for a parser, and can go back by some tokens. The methods, and the places in errors, are those of
 * InfluxDB's parser.
 */
export class TokenReader {
  readonly #lexer: Lexer;
  readonly #parameters: BoundParameters;
  readonly #recent: Token[] = [];
  #count = 0;
  /** How many of the recent tokens will be read again. */
  #unread = 0;
  /** Offset after the last token that is not white space, and after the one before it. */
  #end = 0;
  #endBefore = 0;

  constructor(text: string, parameters: BoundParameters = {}, start = 0) {
    this.#lexer = new Lexer(text, start);
    this.#parameters = parameters;
  }

  get text(): string {
    return this.#lexer.text;
  }

  /** Offset after the last token before `following`, spaces and comments aside. */
  endBefore(following: Token): number {
    return this.#end <= following.start ? this.#end : this.#endBefore;
  }

  /** The next token, white space and comments among them. */
  scan(): Token {
    return this.#unread > 0 ? this.#again() : this.#keep(this.#resolve(this.#lexer.next()));
  }

  /** The next token that is not white space or a comment. */
  next(): Token {
    for (;;) {
      if (this.#unread === 0) this.#lexer.skipSpace();
      const token = this.scan();
      if (!isSpace(token)) return token;
    }
  }

  /** Goes back by one token. */
  unscan(): void {
    if (this.#unread < history) this.#unread += 1;
  }

  /** The token that {@link next} would return. */
  peek(): Token {
    const token = this.next();
    this.unscan();
    return token;
  }

  /** The code unit after the consumed tokens, even if some of them will be read again; NaN at the end. */
  peekUnit(): number {
    return this.#lexer.peek();
  }

  /** Reads a regular expression at the current place. */
  scanRegex(): Token {
    return this.#unread > 0 ? this.#again() : this.#keep(this.#lexer.regex());
  }

  skipSpace(): void {
    if (this.scan().kind !== 'WS') this.unscan();
  }

  /** Reads a token of one of these kinds. */
  take(...kinds: readonly string[]): boolean {
    if (kinds.includes(this.next().kind)) return true;
    this.unscan();
    return false;
  }

  /** The next token, which must be `kind`; `described` is what an error calls it. */
  require(kind: string, described = kind): Token {
    const token = this.next();
    if (token.kind !== kind) throw this.unexpected(token, described);
    return token;
  }

  /** A name, quoted or bare. */
  name(): string {
    return this.require('IDENT', 'identifier').text;
  }

  string(): string {
    return this.require('STRING', 'string').text;
  }

  unexpected(token: Token, ...expected: readonly string[]) {
    return unexpected(this.text, token, ...expected);
  }

  #again(): Token {
    this.#unread -= 1;
    return this.#recent[(this.#count - this.#unread - 1) % history] ?? this.#lexer.next();
  }

  #keep(token: Token): Token {
    this.#recent[this.#count % history] = token;
    this.#count += 1;
    if (!isSpace(token) && token.kind !== 'EOF') {
      this.#endBefore = this.#end;
      this.#end = token.end;
    }
    return token;
  }

  #resolve(token: Token): Token {
    if (token.kind !== 'BOUNDPARAM') return token;
    const meaning = boundToken(token.text.slice(1), this.#parameters);
    return meaning === undefined ? token : { ...token, ...meaning };
  }
}
