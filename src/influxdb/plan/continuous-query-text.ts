import { isNewerKeyword } from '../../influxql/keywords.js';
import { Lexer } from '../../influxql/lexer.js';
import { splitStatements, statementTokens } from '../../influxql/split-statements.js';
import type { Token } from '../../influxql/token.js';
import { quoteIdentifier, whyInexpressible } from '../statements/influxql.js';

/** A statement that may be sent, or the reason why it must not. */
export type CheckedText = { readonly statement: string } | { readonly refused: string };

/** `CREATE CONTINUOUS QUERY … ON … BEGIN … END`, with or without RESAMPLE, as the kinds of its tokens. */
const head = /^CREATE CONTINUOUS QUERY IDENT ON IDENT (BEGIN|RESAMPLE)\b/;

/**
 * Checks `query`, the cluster's text of the continuous query `name` of `database`, before it is sent to a server.
 *
 * It is the only part of the metadata that is InfluxQL, so metadata could inject another statement through it
 * (`… END; DROP DATABASE x`) on every server. It must be exactly the one expected statement. Bare names that newer servers reserve are
 * quoted, which every server accepts.
 */
export function checkContinuousQuery(database: string, name: string, query: string): CheckedText {
  if (query.includes('\0')) return { refused: whyInexpressible(query) ?? '' };
  const [first, another] = splitStatements(query);
  const statement = query.slice(first?.start, first?.end);
  const tokens = [...statementTokens(new Lexer(statement))];
  if (!head.test(tokens.map(({ kind }) => kind).join(' '))) {
    return { refused: 'its text is not a CREATE CONTINUOUS QUERY statement' };
  }
  if (tokens[3]?.text !== name || tokens[5]?.text !== database) {
    return { refused: 'its text creates a continuous query of another name or on another database' };
  }
  // An unclosed token or a missing END may hide a second statement.
  if (another !== undefined || tokens.at(-1)?.kind !== 'END' || tokens.some(isUnclosed)) {
    return { refused: 'its text may contain more than one statement' };
  }
  return { statement: withQuotes(statement, tokens) };
}

const isUnclosed = ({ kind }: Token) => kind === 'ILLEGAL' || kind.startsWith('BAD');

/** Returns `statement` with quotes around bare names that newer servers reserve. The name of a function cannot be quoted. */
function withQuotes(statement: string, tokens: readonly Token[]): string {
  const parts: string[] = [];
  let from = 0;
  for (const [at, { kind, text, start, end }] of tokens.entries()) {
    const isBare = kind === 'IDENT' && statement.slice(start, end) === text;
    if (!isBare || !isNewerKeyword(text) || tokens[at + 1]?.kind === '(') continue;
    parts.push(statement.slice(from, start), quoteIdentifier(text));
    from = end;
  }
  return parts.join('') + statement.slice(from);
}
