/**
 * A token of the lexer. A keyword and an operator are their own kind (`SELECT`, `=~`, `;`) and have no text; the text of other kinds
 * is the value, without quotes and escapes.
 */
export interface Token {
  readonly kind: string;
  readonly text: string;
  /** Offset (UTF-16) that InfluxDB reports for the token; of a string or regular expression one character before its first quote. */
  readonly at: number;
  /** Offset of the first character of the token. */
  readonly start: number;
  /** Offset after the token. */
  readonly end: number;
}

/** Returns the text of a token of `source` in error messages. */
export const shownToken = ({ kind, text, start, end }: Token, source: string): string =>
  kind === 'WS' ? source.slice(start, end) : text || kind;

export const isSpace = ({ kind }: Token): boolean => kind === 'WS' || kind === 'COMMENT';
