import { Lexer } from '../influxql/lexer.js';
import { splitStatements, statementTokens } from '../influxql/split-statements.js';
import type { Token } from '../influxql/token.js';
import { whyInexpressible } from './influxql.js';

/** A statement that may be sent, or why there is none. */
export type CheckedText = { readonly statement: string } | { readonly refused: string };

/** `CREATE CONTINUOUS QUERY … ON … BEGIN`, with or without RESAMPLE, as the kinds of its first tokens. */
const head = /^CREATE CONTINUOUS QUERY IDENT ON IDENT (BEGIN|RESAMPLE)\b/;

/**
 * Checks `query`, the text that the cluster keeps for the continuous query `name` of `database`, before it is sent to a server.
 *
 * It is the only part of the metadata that is InfluxQL itself, and so the one way in which metadata could smuggle another
 * statement (`… END; DROP DATABASE x`) onto every server: it must be one statement, and that one.
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
    return { refused: 'its text may hold more than one statement' };
  }
  return { statement };
}

/**
 * Whether a server may end this token elsewhere: what is not closed, and a regular expression with `\\/`, where it differs between
 * versions whether the second backslash escapes the slash.
 */
function isReadTwoWays({ kind, start, end }: Token, text: string): boolean {
  if (kind === 'ILLEGAL' || kind.startsWith('BAD')) return true;
  return kind === 'REGEX' && text.slice(start, end).includes('\\\\/');
}
