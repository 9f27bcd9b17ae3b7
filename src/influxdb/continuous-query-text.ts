import { Lexer } from '../influxql/lexer.js';
import { splitStatements, statementTokens } from '../influxql/split-statements.js';
import type { Token } from '../influxql/token.js';
import { whyInexpressible } from './influxql.js';

/** A statement that may be sent, or the reason why it must not. */
export type CheckedText = { readonly statement: string } | { readonly refused: string };

/** `CREATE CONTINUOUS QUERY … ON … BEGIN`, with or without RESAMPLE, as the kinds of its first tokens. */
const head = /^CREATE CONTINUOUS QUERY IDENT ON IDENT (BEGIN|RESAMPLE)\b/;

/**
 * Checks `query`, the cluster's text of the continuous query `name` of `database`, before it is sent to a server.
 *
 * It is the only part of the metadata that is InfluxQL, so metadata could inject another statement through it
 * (`… END; DROP DATABASE x`) on every server. It must be exactly the one expected statement.
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
  if (another !== undefined || tokens.some((token) => isReadTwoWays(token, statement))) {
    return { refused: 'its text may contain more than one statement' };
  }
  return { statement };
}

/**
 * Returns whether a server may find another end of this token: an unclosed one, or a regular expression with `\\/`, because versions
 * differ in whether the second backslash escapes the slash.
 */
function isReadTwoWays({ kind, start, end }: Token, text: string): boolean {
  if (kind === 'ILLEGAL' || kind.startsWith('BAD')) return true;
  return kind === 'REGEX' && text.slice(start, end).includes('\\\\/');
}
