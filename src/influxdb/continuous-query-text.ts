import { withoutTrailing } from '../trailing.js';
import { whyInexpressible } from './influxql.js';

/** A statement that may be sent, or why there is none. */
export type CheckedText = { readonly statement: string } | { readonly refused: string };

/*
 * Each token is matched where the one before it ends. One pattern for the whole head would be more than a tool can prove linear.
 */
const headTokens = [
  /\s*CREATE\s+CONTINUOUS\s+QUERY\s+/iy,
  /[A-Za-z_][A-Za-z0-9_]*|"[^"\\\n]*(?:\\.[^"\\\n]*)*"/y,
  /\s+ON\s+/iy,
  /[A-Za-z_][A-Za-z0-9_]*|"[^"\\\n]*(?:\\.[^"\\\n]*)*"/y,
  /\s/y,
];

/** The tokens of `CREATE CONTINUOUS QUERY … ON … ` at the start of `text`; `undefined` if it starts in another way. */
function readHead(text: string): readonly string[] | undefined {
  const tokens: string[] = [];
  let at = 0;
  for (const pattern of headTokens) {
    pattern.lastIndex = at;
    const [token] = pattern.exec(text) ?? [];
    if (token === undefined) return undefined;
    tokens.push(token);
    at += token.length;
  }
  return tokens;
}

/**
 * Checks `query`, the text that the cluster keeps for the continuous query `name` of `database`, before it is sent to a server.
 *
 * It is the only part of the metadata that is InfluxQL itself, and so the one way in which metadata could smuggle another
 * statement (`… END; DROP DATABASE x`) onto every server: it must be one statement, and that one.
 */
export function checkContinuousQuery(database: string, name: string, query: string): CheckedText {
  if (query.includes('\0')) return { refused: whyInexpressible(query) ?? '' };
  const statement = withoutTrailing(query, /[;\s]/);
  const [, itsName, , itsDatabase] = readHead(`${statement} `) ?? [];
  if (itsName === undefined || itsDatabase === undefined) {
    return { refused: 'its text is not a CREATE CONTINUOUS QUERY statement' };
  }
  if (unquote(itsName) !== name || unquote(itsDatabase) !== database) {
    return { refused: 'its text creates a continuous query of another name or on another database' };
  }
  if (mayHoldSeveralStatements(statement)) return { refused: 'its text may hold more than one statement' };
  return { statement };
}

function unquote(token: string): string {
  if (!token.startsWith('"')) return token;
  return token.slice(1, -1).replace(/\\(.)/g, (_escape, character) => (character === 'n' ? '\n' : character));
}

/** Where a reader of the text may be; places are bits, so that a set of them is a number. */
const place = {
  code: 1,
  string: 2,
  identifier: 4,
  regex: 8,
  lineComment: 16,
  blockComment: 32,
} as const;
const everyPlace = Object.values(place);

/**
 * Whether a semicolon of `text` stands outside quotes, regular expressions and comments in any way to read it.
 *
 * A slash begins a regular expression or divides, depending on the grammar. Both are followed, so that what InfluxDB's
 * parser does with it is always among the readings; a rare harmless text is refused, a harmful one never passes.
 */
function mayHoldSeveralStatements(text: string): boolean {
  let places: number = place.code;
  for (let at = 0; at < text.length; at++) {
    if (text.charAt(at) === ';' && (places & place.code) !== 0) return true;
    let reached = 0;
    for (const one of everyPlace) if ((places & one) !== 0) reached |= step(one, text, at);
    places = reached;
  }
  return false;
}

/** The places where a reader may be after the character at `at`, when it was at `from` before it. */
function step(from: (typeof everyPlace)[number], text: string, at: number): number {
  const character = text.charAt(at);
  const before = text.charAt(at - 1);
  switch (from) {
    case place.code:
      if (character === "'") return place.string;
      if (character === '"') return place.identifier;
      if (character === '/') return place.code | place.regex;
      if (character === '*' && before === '/') return place.code | place.blockComment;
      if (character === '-' && before === '-') return place.code | place.lineComment;
      return place.code;
    case place.string:
      return character === "'" && !isEscaped(text, at) ? place.code : place.string;
    case place.identifier:
      return character === '"' && !isEscaped(text, at) ? place.code : place.identifier;
    case place.regex:
      // `\\/`: whether the second backslash escapes the slash differs between versions.
      if (character === '/') return before === '\\' ? place.regex | place.code : place.code;
      return place.regex;
    case place.lineComment:
      return character === '\n' || character === '\r' ? place.code : place.lineComment;
    case place.blockComment:
      // `/*/` does not close what it opens.
      return character === '/' && before === '*' ? place.code | place.blockComment : place.blockComment;
  }
}

/** Whether an odd number of backslashes precedes. */
function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charAt(at - 1 - backslashes) === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}
