import { whyInexpressible } from './influxql.js';

/** A statement that may be sent, or why there is none. */
export type CheckedText = { readonly statement: string } | { readonly refused: string };

const identifier = String.raw`(?:[A-Za-z_][A-Za-z0-9_]*|"(?:[^"\\\n]|\\.)*")`;
const head = new RegExp(
  String.raw`^\s*CREATE\s+CONTINUOUS\s+QUERY\s+(${identifier})\s+ON\s+(${identifier})\s`,
  'i',
);

/**
 * Checks `query`, the text that the cluster keeps for the continuous query `name` of `database`, before it is sent to a server.
 *
 * It is the only part of the metadata that is InfluxQL itself, and so the one way in which metadata could smuggle another
 * statement (`… END; DROP DATABASE x`) onto every server: it must be one statement, and that one.
 */
export function checkContinuousQuery(database: string, name: string, query: string): CheckedText {
  if (query.includes('\0')) return { refused: whyInexpressible(query) ?? '' };
  const statement = query.replace(/[;\s]+$/, '');
  const [, itsName, itsDatabase] = head.exec(`${statement} `) ?? [];
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

type Place = 'code' | 'string' | 'identifier' | 'regex' | 'line comment' | 'block comment';

/**
 * Whether a semicolon of `text` stands outside quotes, regular expressions and comments in any way to read it.
 *
 * A slash begins a regular expression or divides, depending on the grammar. Both are followed, so that what InfluxDB's
 * parser does with it is always among the readings; a rare harmless text is refused, a harmful one never passes.
 */
function mayHoldSeveralStatements(text: string): boolean {
  let places = new Set<Place>(['code']);
  for (let at = 0; at < text.length; at++) {
    if (text.charAt(at) === ';' && places.has('code')) return true;
    const next = new Set<Place>();
    for (const place of places) {
      for (const reached of step(place, text, at)) next.add(reached);
    }
    places = next;
  }
  return false;
}

/** Where a reader may be after the character at `at`, when it was in `place` before it. */
function step(place: Place, text: string, at: number): readonly Place[] {
  const character = text.charAt(at);
  const before = text.charAt(at - 1);
  switch (place) {
    case 'code':
      if (character === "'") return ['string'];
      if (character === '"') return ['identifier'];
      if (character === '/') return ['code', 'regex'];
      if (character === '*' && before === '/') return ['code', 'block comment'];
      if (character === '-' && before === '-') return ['code', 'line comment'];
      return ['code'];
    case 'string':
      return character === "'" && !isEscaped(text, at) ? ['code'] : ['string'];
    case 'identifier':
      return character === '"' && !isEscaped(text, at) ? ['code'] : ['identifier'];
    case 'regex':
      // `\\/`: whether the second backslash escapes the slash differs between versions.
      if (character === '/') return before === '\\' ? ['regex', 'code'] : ['code'];
      return ['regex'];
    case 'line comment':
      return character === '\n' || character === '\r' ? ['code'] : ['line comment'];
    case 'block comment':
      // `/*/` does not close what it opens.
      return character === '/' && before === '*' ? ['code', 'block comment'] : ['block comment'];
  }
}

/** Whether an odd number of backslashes precedes. */
function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charAt(at - 1 - backslashes) === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}
