import { debugLog } from '../../debug-log.js';
import { parseVcdiff } from '../../delta/vcdiff/parse-vcdiff.js';
import { isCfluxError } from '../../errors.js';
import { decodeDelta } from '../../meta/codec/decode-delta.js';
import { encodeShared } from '../../meta/codec/encode-metadata.js';
import type { MetaData } from '../../meta/records.js';
import { contentDigest } from '../../protocol/content-digest.js';
import type { SnapshotDelta } from '../../transport/transport.js';

const debug = debugLog('cflux:sync');

/** Maximum bytes of the result. */
const maxLength = 256 * 2 ** 20;
/** Bytes that a delta may always have; beyond them, as many as its base. */
const grantedBytes = 64 * 1024;

/**
 * Returns the metadata that a delta produces from `base`, whose encoding is the bytes that the delta refers to. Databases that it does
 * not touch are not decoded, and are shared with `base`.
 *
 * @returns undefined if anything about the delta is wrong, above all the digest of its result: then it must be replaced by a snapshot (R29)
 */
export function readDelta(base: MetaData, { delta, digest }: SnapshotDelta): MetaData | undefined {
  try {
    const baseLength = encodeShared(base).reduce((sum, { length }) => sum + length, 0);
    if (delta.byteLength > Math.max(grantedBytes, baseLength)) return undefined;
    const data = decodeDelta(base, parseVcdiff(delta, { baseLength, maxLength }));
    if (digest !== undefined && contentDigest(...encodeShared(data)) === digest) return data;
    debug('a delta does not produce the snapshot that its digest states');
  } catch (error) {
    // What is wrong with a delta is never an error of the caller.
    if (!isCfluxError(error) && !(error instanceof RangeError)) throw error;
    debug('a delta cannot be used: %s', error.message);
  }
  return undefined;
}
