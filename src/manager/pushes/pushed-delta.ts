import type { Delta } from '../../delta/delta.js';
import { parseVcdiff } from '../../delta/vcdiff/parse-vcdiff.js';
import { CfluxError, type CfluxErrorCode, isCfluxError } from '../../errors.js';
import type { PushedDelta } from '../../transport/transport.js';
import type { SharedBytes } from '../versions/shared-bytes.js';
import type { Reserve } from './manager-push.js';

/** Limits for applying a pushed delta. */
export interface DeltaRoom {
  /** Maximum bytes of a snapshot. */
  readonly snapshotBytes: number;
  readonly reserve: Reserve;
}

/** Memory for the instructions of a delta, per byte: a byte can stand for two instructions. */
const memoryPerByte = 128;

/**
 * Applies a pushed delta to the bytes of its base, and checks the result (R29). The instructions refer to a copy of the delta, because
 * they are kept for later, and the buffer of a request body may be part of a much larger one.
 *
 * @throws `MALFORMED_DELTA`, `TOO_LARGE`, and what `reserve` throws: nothing was stored.
 */
export function applyPushedDelta(
  { bytes, digest }: PushedDelta,
  base: SharedBytes,
  { snapshotBytes, reserve }: DeltaRoom,
): { readonly snapshot: SharedBytes; readonly delta: Delta } {
  reserve(bytes.byteLength * memoryPerByte);
  try {
    const limits = { baseLength: base.byteLength, maxLength: snapshotBytes };
    const delta = parseVcdiff(new Uint8Array(bytes), limits);
    if (delta.length === 0) throw new CfluxError('MALFORMED_DELTA', 'the delta produces an empty snapshot');
    reserve(delta.length);
    const snapshot = base.patched(delta);
    if (snapshot.hasDigest(digest)) return { snapshot, delta };
  } catch (error) {
    throw CfluxError.from(error).outcome === 'notApplied' ? error : refused(error);
  }
  throw refused(
    new CfluxError(
      'MALFORMED_DELTA',
      'the delta does not produce the snapshot that its digest states: push the whole snapshot',
    ),
  );
}

/** Returns whether `error` refuses a delta, but not the push: the snapshot may be pushed as a whole. */
export const isDeltaRefusal = (error: unknown): boolean =>
  isCfluxError(error) && refusals.has(error.code) && error.outcome === 'notApplied';

const refusals: ReadonlySet<CfluxErrorCode> = new Set(['MALFORMED_DELTA', 'TOO_LARGE', 'VERSION_NOT_FOUND']);

function refused(cause: unknown): CfluxError {
  const { code, message } = CfluxError.from(cause);
  return new CfluxError(code, message, { cause, outcome: 'notApplied' });
}

/** Refuses a delta whose base this manager does not have. */
export const unknownBase = (version: number) =>
  new CfluxError(
    'VERSION_NOT_FOUND',
    `version not found: ${version} is not retained (any more), so no delta can be applied to it; push the whole snapshot`,
    { outcome: 'notApplied' },
  );
