import { readFile } from 'node:fs/promises';
import { CfluxError } from '../errors.js';
import { metadataOfFile } from '../meta/codec/backup-file.js';
import { decodeMetadata } from '../meta/codec/decode-metadata.js';
import type { MetaData } from '../meta/records.js';
import { reasonOf } from './file-of.js';

/**
 * Reads a `meta.db`, or a backup of one.
 *
 * @param flag The option that names the file; absent for an argument.
 * @throws CfluxError `INVALID_OPTION` that names the option and the file
 */
export async function readMetadataFile(file: string, flag?: string): Promise<MetaData> {
  try {
    return decodeMetadata(metadataOfFile(await readFile(file)));
  } catch (cause) {
    const reason = reasonOf(file, cause);
    throw new CfluxError('INVALID_OPTION', flag === undefined ? reason : `${flag}: ${reason}`, { cause });
  }
}
