import { Lexer } from '../influxql/lexer.js';
import { statementTokens } from '../influxql/split-statements.js';
import type { Token } from '../influxql/token.js';
import type { ScriptStatement } from './script.js';

/** The token that is the password of CREATE USER or SET PASSWORD: the sixth of both. */
export function passwordToken({ statement, source, start }: ScriptStatement): Token | undefined {
  if (statement.kind !== 'createUser' && statement.kind !== 'setPassword') return undefined;
  return [...statementTokens(new Lexer(source.text, start))][5];
}

/** Whether a password of these statements stands in the text, or in a parameter of the command line. */
export function holdsPassword(
  statements: readonly ScriptStatement[],
  typedParameters: readonly string[],
): boolean {
  return statements.some((each) => {
    const token = passwordToken(each);
    if (token === undefined || token.kind !== 'BOUNDPARAM') return token !== undefined;
    return typedParameters.some((typed) => typed.startsWith(`${token.text.slice(1)}=`));
  });
}
