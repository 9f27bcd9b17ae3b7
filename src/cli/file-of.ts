import { readFileSync } from 'node:fs';
import { CfluxError } from '../errors.js';

/** The bytes of the file that an option names; `INVALID_OPTION` naming the option where it cannot be read. */
export function fileOf(flag: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new CfluxError('INVALID_OPTION', `${flag}: ${CfluxError.from(cause).message}`, { cause });
  }
}
