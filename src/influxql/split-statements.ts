import { Lexer } from './lexer.js';
import { isSpace, type Token } from './token.js';

/** A statement's place in a text: offsets (UTF-16) of its first character and after its last token. */
export interface StatementSlice {
  readonly start: number;
  readonly end: number;
}

const slash = 47;

/**
 * Splits `text` into statements, without the semicolons, spaces and comments between them. It uses only tokens: a slash begins a
 * regular expression if one is allowed there, otherwise it is a division, so the boundaries equal those of InfluxDB's parser for every
 * text that it accepts.
 *
 * @example
 * ```ts
 * const text = "SELECT v FROM m WHERE h =~ /;/; DROP USER bob";
 * console.log(splitStatements(text).map(({ start, end }) => text.slice(start, end)));
 * ```
 */
export function splitStatements(text: string): readonly StatementSlice[] {
  const slices: StatementSlice[] = [];
  const lexer = new Lexer(text);
  while (skipSeparators(lexer)) slices.push({ start: lexer.offset, end: skipStatement(lexer) });
  return slices;
}

/** Reads up to the next statement; `false` at the end of the text. */
function skipSeparators(lexer: Lexer): boolean {
  for (;;) {
    const token = lexer.next();
    if (token.kind === 'EOF') return false;
    if (isSpace(token) || token.kind === ';') continue;
    lexer.offset = token.start;
    return true;
  }
}

/** Reads to the end of the statement that begins here, and returns the offset after its last token. */
export function skipStatement(lexer: Lexer): number {
  let end = lexer.offset;
  for (const token of statementTokens(lexer)) end = token.end;
  return end;
}

/** The tokens up to the next semicolon or the end of the text, which is not read; without spaces and comments. */
export function* statementTokens(lexer: Lexer): Generator<Token> {
  const context = new RegexContext();
  for (;;) {
    const mayBeRegex = context.allowsRegex && lexer.peek() === slash && !startsComment(lexer);
    const token = mayBeRegex ? lexer.regex() : lexer.next();
    if (token.kind === ';' || token.kind === 'EOF') {
      lexer.offset = token.start;
      return;
    }
    context.follow(token);
    if (!isSpace(token)) yield token;
  }
}

/** InfluxDB refuses a comment where a regular expression is allowed, and the whole text with it, so this choice changes no boundary. */
const startsComment = (lexer: Lexer) => lexer.text.startsWith('/*', lexer.offset);

const before: ReadonlySet<string> = new Set(['SELECT', 'FROM', 'BY', ',', '(', '=~', '!~', '.']);

/** Returns whether a regular expression is allowed after the tokens so far. */
class RegexContext {
  allowsRegex = false;
  #previous = '';

  follow({ kind }: Token): void {
    // White space is allowed between them; a comment is not.
    if (kind === 'WS') return;
    // WITH MEASUREMENT = /…/
    this.allowsRegex = before.has(kind) || (kind === '=' && this.#previous === 'MEASUREMENT');
    this.#previous = kind;
  }
}
