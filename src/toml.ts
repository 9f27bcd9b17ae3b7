import { parse, TomlError } from 'smol-toml';
import { CfluxError } from './errors.js';

/**
 * Parses a TOML document.
 *
 * @throws CfluxError `INVALID_OPTION` with the place and the reason, but without any of the text: the parser's own message shows the
 * lines around the error, and with them a token or a password.
 */
export function parseToml(text: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    // The parser's error is not the cause, because logs include causes.
    throw new CfluxError('INVALID_OPTION', whyNot(error));
  }
}

function whyNot(error: unknown): string {
  if (!(error instanceof TomlError)) return 'invalid TOML';
  const [reason = ''] = error.message.replace('Invalid TOML document: ', '').split('\n');
  return `line ${error.line}, column ${error.column}: ${reason}`;
}
