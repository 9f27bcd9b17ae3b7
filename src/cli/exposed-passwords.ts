import { Lexer } from '../influxql/lexer.js';
import { splitStatements, statementTokens } from '../influxql/split-statements.js';

/** Where the password of a statement comes from: its text, or a parameter. */
export type PasswordOrigin =
  | { readonly kind: 'text' }
  | { readonly kind: 'parameter'; readonly name: string };

/**
 * Returns where the passwords of CREATE USER and SET PASSWORD in `text` come from: in both, the sixth token is the password. The text
 * does not have to be valid.
 */
export function passwordOrigins(text: string): readonly PasswordOrigin[] {
  return splitStatements(text).flatMap(({ start }) => {
    const tokens = [...statementTokens(new Lexer(text, start))];
    const command = tokens
      .slice(0, 2)
      .map(({ kind }) => kind)
      .join(' ');
    const password = tokens[5];
    if (password === undefined || (command !== 'CREATE USER' && command !== 'SET PASSWORD')) return [];
    return password.kind === 'BOUNDPARAM'
      ? { kind: 'parameter', name: password.text.slice(1) }
      : { kind: 'text' };
  });
}

/** Returns whether the command line contains a password: in a statement, or in a parameter (`name=value`). */
export function showsPassword(statements: readonly string[], typedParameters: readonly string[]): boolean {
  return statements.some((text) =>
    passwordOrigins(text).some(
      (origin) =>
        origin.kind === 'text' || typedParameters.some((typed) => typed.startsWith(`${origin.name}=`)),
    ),
  );
}
