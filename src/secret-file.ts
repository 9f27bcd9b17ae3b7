import { CfluxError } from './errors.js';

/** Byte order marks of editors, which would become part of a password. */
const byteOrderMarks = ['efbbbf', 'fffe', 'feff'];

const refused = (reason: string) => new CfluxError('INVALID_OPTION', reason);

/** Returns `bytes` of a file with secrets. @throws CfluxError `INVALID_OPTION` if they begin with a byte order mark. */
export function withoutMark(bytes: Buffer): Buffer {
  const start = bytes.subarray(0, 3).toString('hex');
  if (byteOrderMarks.some((mark) => start.startsWith(mark))) {
    throw refused('the file starts with a byte order mark (BOM); save it as UTF-8 without one');
  }
  return bytes;
}

/** Decodes a file with secrets. @throws CfluxError `INVALID_OPTION` for a byte order mark, or another encoding than UTF-8. */
export function secretText(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(withoutMark(bytes));
  } catch (error) {
    if (error instanceof TypeError) throw refused('the file is not UTF-8; save it as UTF-8');
    throw error;
  }
}

/**
 * Returns the only secret of a file, without a line end. Spaces are part of the secret.
 *
 * @throws CfluxError `INVALID_OPTION` for a byte order mark, another encoding than UTF-8, a second line, or an empty file. The secret is
 *   never part of the error.
 */
export function loneSecret(bytes: Buffer): string {
  const secret = secretText(bytes).replace(/\r?\n$/, '');
  if (secret === '') throw refused('the file is empty; write the secret into it, on one line');
  if (/[\r\n]/.test(secret)) {
    throw refused('the file has more than one line end; write the secret alone, on one line');
  }
  return secret;
}
