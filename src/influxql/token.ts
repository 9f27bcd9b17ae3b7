/**
 * What the lexer finds. A keyword and an operator are their own kind (`SELECT`, `=~`, `;`) and have no text; the other kinds have
 * the value that they stand for, without quotes and escapes.
 */
export interface Token {
  readonly kind: string;
  readonly text: string;
  /** Offset (UTF-16) that InfluxDB reports for the token; of a string or regular expression one character before its first quote. */
  readonly at: number;
  /** Offset of the first character of the token. */
  readonly start: number;
  /** Offset behind the token. */
  readonly end: number;
}

/** What an error message shows of a token of `source`. */
export const shownToken = ({ kind, text, start, end }: Token, source: string): string =>
  kind === 'WS' ? source.slice(start, end) : text || kind;

export const isSpace = ({ kind }: Token): boolean => kind === 'WS' || kind === 'COMMENT';
