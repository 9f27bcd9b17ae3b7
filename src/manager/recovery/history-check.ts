import { noVersion } from '../../protocol/version.js';
import type { Head } from '../manager-store.js';

/** What a node says that it has. */
interface Claim {
  readonly epoch?: string | undefined;
  readonly version: number;
  /** The mutation that made it, where the node tells. */
  readonly mutation?: string | undefined;
}

/**
 * Whether `claim` cannot be a version of the history that `head` tells of, though it is of its epoch: then the store was restored from
 * a backup, and others have gone on from there (R11). Of versions beyond those that are kept nobody can tell; one above the
 * newest the node finds out about by itself.
 */
export function isFromOtherHistory({ epoch, version, mutation }: Claim, head: Head): boolean {
  const { latest, retained = [] } = head;
  const oldest = retained.at(-1);
  if (epoch !== head.epoch || version === noVersion || latest === undefined || oldest === undefined)
    return false;
  if (version >= latest.version || version < oldest.version) return false;
  const same = retained.find((record) => record.version === version);
  return same === undefined || (mutation !== undefined && same.mutation !== mutation);
}
