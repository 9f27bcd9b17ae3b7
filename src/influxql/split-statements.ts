import { Lexer } from './lexer.js';
import { isSpace, type Token } from './token.js';

/** A statement's place in a text: offsets (UTF-16) of its first character and behind its last token. */
export interface StatementSlice {
  readonly start: number;
  readonly end: number;
}

const slash = 47;

/**
 * The statements of `text`, without the semicolons, spaces and comments between them. It follows the tokens only: a slash begins a
 * regular expression where one may stand, and divides elsewhere, so the boundaries are those of InfluxDB's parser wherever that accepts
 * the text.
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

/** Reads to the end of the statement that begins here, and returns the offset behind its last token. */
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

/** Where a regular expression may stand InfluxDB refuses a comment, and the whole text with it: so this choice changes no boundary. */
const startsComment = (lexer: Lexer) => lexer.text.startsWith('/*', lexer.offset);

const before: ReadonlySet<string> = new Set(['SELECT', 'FROM', 'BY', ',', '(', '=~', '!~', '.']);

/** Whether a regular expression may stand behind the tokens so far. */
class RegexContext {
  allowsRegex = false;
  #previous = '';

  follow({ kind }: Token): void {
    // White space may stand between; a comment may not.
    if (kind === 'WS') return;
    // WITH MEASUREMENT = /…/
    this.allowsRegex = before.has(kind) || (kind === '=' && this.#previous === 'MEASUREMENT');
    this.#previous = kind;
  }
}
