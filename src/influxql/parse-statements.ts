import type { BoundParameters } from './bound-parameters.js';
import { Lexer } from './lexer.js';
import { parseStatement } from './parse/commands.js';
import { skipStatement } from './split-statements.js';
import type { PlacedStatement } from './statement.js';
import { syntaxError } from './syntax-error.js';
import { TokenReader } from './token-reader.js';

/**
 * Parses the statements of `text`, in order. Statements that a server must execute are recognized, but not checked.
 *
 * @param parameters Values of bound parameters (`$name`).
 * @throws CfluxError `INFLUXQL_SYNTAX`, with InfluxDB's own text if it has one; a text with a NUL character is refused, because an
 *   InfluxDB server would read another text.
 * @example
 * ```ts
 * const [first] = parseStatements('CREATE DATABASE "my db"');
 * console.log(first?.statement.kind); // createDatabase
 * ```
 */
export function parseStatements(text: string, parameters: BoundParameters = {}): readonly PlacedStatement[] {
  if (text.includes('\0')) throw syntaxError('the text contains a NUL character; remove it');
  const placed: PlacedStatement[] = [];
  let reader = new TokenReader(text, parameters);
  let mayBegin = true;
  for (;;) {
    const token = reader.next();
    if (token.kind === 'EOF') return placed;
    if (token.kind === ';') {
      mayBegin = true;
      continue;
    }
    if (!mayBegin) throw reader.unexpected(token, ';');
    mayBegin = false;
    reader.unscan();
    const statement = parseStatement(reader);
    if (statement.kind === 'server') {
      const end = skipStatement(new Lexer(text, token.start));
      reader = new TokenReader(text, parameters, end);
      placed.push({ statement, start: token.start, end });
    } else placed.push({ statement, start: token.start, end: reader.endBefore(reader.peek()) });
  }
}
