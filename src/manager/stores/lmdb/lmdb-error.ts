import { statfsSync } from 'node:fs';
import { CfluxError, type Outcome } from '../../../errors.js';

/** Converts an error of lmdb; a full disk has a code of its own, because an operator can fix it. */
export function lmdbError(error: unknown, dir: string, outcome?: Outcome): CfluxError {
  const { message } = CfluxError.from(error);
  const full = /no space|MAP_FULL|disk quota|file too large/i.test(message) || isFull(dir);
  const text = full ? `no room in ${dir}: ${message}` : `the store failed: ${message}`;
  return new CfluxError(full ? 'OUT_OF_SPACE' : 'STORAGE_FAILED', text, {
    cause: error,
    ...(outcome === undefined ? {} : { outcome }),
  });
}

/** lmdb reports a partial write as an input/output error. */
function isFull(dir: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize < 1024 * 1024;
  } catch {
    return false;
  }
}
