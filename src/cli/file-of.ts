import { readFileSync } from 'node:fs';
import { CfluxError } from '../errors.js';
import { fileAdvice } from '../file-access.js';
import { loneSecret, withoutMark } from '../secret-file.js';

/** The bytes of the file that an option names. @throws CfluxError `INVALID_OPTION` that names the option and the file. */
const fileOf = (flag: string, file: string) => read(flag, file, withoutMark);

/** As {@link fileOf}, for a password or token that is alone in the file. */
export const secretOf = (flag: string, file: string) => read(flag, file, loneSecret);

/** Returns {@link fileOf} as a function, after it was read once: a wrong path is reported at the start. */
export function reloadedFileOf(flag: string, file: string): () => Buffer {
  const read = () => fileOf(flag, file);
  read();
  return read;
}

/**
 * The secret of {@link secretOf}, which is read now, so that a wrong path is reported at the start, and again when the server has refused
 * it: it may have been rotated.
 */
export function rotatedSecretOf(flag: string, file: string, edit = (secret: string) => secret) {
  let secret = edit(secretOf(flag, file));
  return (refused?: string): string => {
    if (refused !== undefined) secret = edit(secretOf(flag, file));
    return secret;
  };
}

function read<T>(flag: string, file: string, content: (bytes: Buffer) => T): T {
  try {
    return content(readFileSync(file));
  } catch (cause) {
    throw new CfluxError('INVALID_OPTION', `${flag}: ${reasonOf(file, cause)}`, { cause });
  }
}

/** What is wrong with `file`; the messages of Node name the file already. */
export function reasonOf(file: string, cause: unknown): string {
  const { message } = CfluxError.from(cause);
  return `${message.includes(file) ? message : `${file}: ${message}`}${fileAdvice(cause)}`;
}
