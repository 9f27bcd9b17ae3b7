import { parse, TomlError } from 'smol-toml';
import { CfluxError } from './errors.js';

/**
 * The tables of a TOML document.
 *
 * @throws CfluxError `INVALID_OPTION` that says where and why it is none, and repeats none of its text: the parser's own message
 * shows the lines around the fault, and with them a token or a password.
 */
export function parseToml(text: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    // Not even as the cause: whoever logs an error logs that, too.
    throw new CfluxError('INVALID_OPTION', whyNot(error));
  }
}

function whyNot(error: unknown): string {
  if (!(error instanceof TomlError)) return 'this is no TOML';
  const [reason = ''] = error.message.replace('Invalid TOML document: ', '').split('\n');
  return `line ${error.line}, column ${error.column}: ${reason}`;
}
