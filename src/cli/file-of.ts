import { readFileSync } from 'node:fs';
import { CfluxError } from '../errors.js';
import { fileAdvice } from '../file-access.js';
import { loneSecret, withoutMark } from '../secret-file.js';

/** Reads the file that an option names. @throws CfluxError `INVALID_OPTION` that names the option and the file. */
const fileOf = (flag: string, file: string) => read(flag, file, withoutMark);

/** As {@link fileOf}, for a file with only a password or token. */
export const secretOf = (flag: string, file: string) => read(flag, file, loneSecret);

/** Returns {@link fileOf} as a function, after it was read once: a wrong path is reported at the start. */
export function reloadedFileOf(flag: string, file: string): () => Buffer {
  const read = () => fileOf(flag, file);
  read();
  return read;
}

/**
 * Returns {@link secretOf} as a function. The file is read now, so that a wrong path is reported at the start, and again after the server
 * refused the secret, because it may have been rotated.
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

/** Describes why `file` cannot be used; messages of Node contain the path already. */
export function reasonOf(file: string, cause: unknown): string {
  const { message } = CfluxError.from(cause);
  return `${message.includes(file) ? message : `${file}: ${message}`}${fileAdvice(cause)}`;
}
